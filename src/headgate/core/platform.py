"""All that a step may use beside its batch: ports, limits, flows and the present. `wiring` puts one together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from headgate.core.flow import Flow
from headgate.core.memo import Memo
from headgate.core.ports import Anchor, Clock, EngineFactory, Files, Ledger, Secrets, Tables
from headgate.core.telemetry import SILENT, Telemetry

MEBIBYTE = 1 << 20


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What a process may use; memory follows these figures, never the input."""

    memory_bytes: int = 192 * MEBIBYTE  # of the engine; the process around it needs about as much again
    threads: int = 2
    window_bytes: int = 2 * MEBIBYTE  # read at a time
    record_bytes: int = 16 * MEBIBYTE  # a larger record is a fault
    batch_deliveries: int = 2048  # that take the steps together
    batch_bytes: int = 64 * MEBIBYTE  # of their files; a bigger one goes alone
    lease_s: float = 30.0
    query_s: float = 60.0  # a query of a person; infinite: as long as it takes
    statement_s: float = 3600.0  # any other statement of an engine


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a step is, told as it goes."""

    step: str
    done: int
    total: int | None
    unit: str = "bytes"


def silent(_progress: Progress) -> None:
    """For a platform that nobody watches."""


def nobody_decides(_flow: str) -> bool:
    """For a platform without accounts."""
    return False


def _nothing() -> None:
    """For a platform that has nothing to prepare, or holds nothing that must be given back."""


class Platform(msgspec.Struct, frozen=True, kw_only=True):
    """The ports and limits of one process."""

    project: str  # name of the project, part of application names in tables
    flows: Mapping[str, Flow]
    engine: EngineFactory
    tables: Tables
    vault: Files
    receipts: Files
    ledger: Ledger
    secrets: Secrets
    anchor: Anchor
    stage: str  # folder for staged files, on the tables' file system
    clock: Clock
    random: Callable[[], float]  # from 0 to 1, for waits
    owner: str  # of leases: this process
    budget: Budget = msgspec.field(default_factory=Budget)
    progress: Callable[[Progress], None] = silent
    prepare: Callable[[], None] = _nothing  # opens beside the caller what steps wait for at their first use
    close: Callable[[], None] = _nothing  # gives connections, engines and their temporary files back
    version: str = "0"
    memo: Memo = msgspec.field(default_factory=Memo)  # what was found about the flows' SQL before
    telemetry: Telemetry = SILENT
    accounts_decide: Callable[[str], bool] = nobody_decides  # whether an account does in the flow, as it stands now
    traceparent: str = ""  # of whoever started this process, as W3C Trace Context writes it

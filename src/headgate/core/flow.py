"""What a flow says: where deliveries come from, how they are judged, which tasks run, where results go."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from pathlib import PurePath

import msgspec

from headgate.core.contract import Contract

NOW = "now"
"""The one reserved parameter: the time of landing."""


class NewVersion(StrEnum):
    """What a changed file under a known name does."""

    HOLD = "hold"  # a person decides
    ADD = "add"  # its rows come on top
    REPLACE = "replace"  # it takes the place of the earlier one


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where deliveries come from and how they are read."""

    files: tuple[str, ...]  # patterns of file names
    records: str | None = None  # path to the list of records in a document
    new_version: NewVersion = NewVersion.HOLD
    stated_count: str | None = None  # key of the wrapper with the sender's own count
    schedule: str | None = None  # cron expression, UTC
    salvage: bool = False  # True: whole records of a document with a fault go on
    max_unpacked_bytes: int = 64 << 30


class Checking(msgspec.Struct, frozen=True, kw_only=True):
    """How a delivery as a whole is judged."""

    accept_at_least: Decimal = Decimal("0.95")  # share of accepted rows below which the delivery is held
    all_or_nothing: bool = False
    drift: str = "hold"  # or warn


class ParameterDeclaration(msgspec.Struct, frozen=True, kw_only=True):
    """A value that rules and tasks use as `$name`; its versions live in the ledger."""

    name: str
    type: str  # integer, decimal(p,s), text, date, boolean, list(…), map(text, …), table
    default: str | None  # canonical text; JSON for lists and maps; None for tables
    unit: str = ""
    minimum: str | None = None
    maximum: str | None = None
    about: str = ""
    file: str | None = None  # of a table: CSV beside flow.yaml
    key: tuple[str, ...] = ()  # of a table: its key columns, `currency`, or `day date` with a type other than text
    value: tuple[str, str] | None = None  # of a table: name and type of its value column
    missing: str = "no_rate"  # of a table: reason code of a row without a line

    @property
    def key_columns(self) -> tuple[tuple[str, str], ...]:
        """Names and types of a table's key; the types are the engine's names too.

        >>> ParameterDeclaration(name="rates", type="table", default=None, key=("currency", "day date")).key_columns
        (('currency', 'text'), ('day', 'date'))
        """
        named = [key.partition(" ") for key in self.key]
        return tuple((name, kind or "text") for name, _, kind in named)


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the flow's own: an SQL file, or a function of a Python file."""

    name: str  # of its result: the file's stem, or the function's name
    file: str  # relative to the flow folder
    function: str | None = None  # of a Python file


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A published table; the task of the same name makes its rows."""

    name: str
    layer: str  # silver or gold
    key: tuple[str, ...]
    window: str | None = None  # month(column): a row of gold follows from its month of silver and the `reach` before it
    reach: int = 0  # months


class Escalation(msgspec.Struct, frozen=True, kw_only=True):
    """Who hears of a case that nobody decided in time."""

    to: tuple[str, ...]  # roles, accounts by name, or receivers of the project's alerts
    again_s: int | None = None  # after which they hear of it again; None: as the project's alerts do


class ReviewPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Who decides on what is held."""

    votes: int = 1
    votes_above_rows: int | None = None
    votes_above: int | None = None
    within_s: int | None = None
    escalate: Escalation | None = None
    rule_changes: int | None = None
    undo_s: int = 30  # after the last vote, before it is executed
    valid_s: int = 7 * 86_400  # then a proposal that is not executed is void


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """One governed path of data: a folder with a contract, tasks and targets."""

    name: str  # of the folder
    folder: PurePath
    contract: Contract
    source: Source
    checking: Checking
    parameters: tuple[ParameterDeclaration, ...]
    tasks: tuple[Task, ...]  # none: the one target is the record, its objects flattened (customer_email), lists kept
    targets: tuple[Target, ...]
    review: ReviewPolicy
    digest: str  # SHA-256 over flow.yaml and every file that tasks and rules name
    files: Mapping[str, bytes]  # the content of those files, by their name in the folder
    quarantine_days: int | None = None
    warnings: tuple[str, ...] = ()  # what the checks of tasks say beside errors
    foreign: tuple[str, ...] = ()  # tables of other flows that tasks in SQL read, as flow.table
    record_table: str = ""  # the silver target with one row per accepted record

    def target(self, name: str) -> Target | None:
        """The target of that name, or None."""
        return next((target for target in self.targets if target.name == name), None)

"""A delivery whose columns are not the contract's: the new contract that would take it, and putting that in force."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from headgate.check.infer import infer_columns
from headgate.check.inputs import form_of
from headgate.check.sample import sample_rows
from headgate.core.cases import Act, Case, CaseKind
from headgate.core.contract import Column, Contract
from headgate.core.contract_diff import Rise, diff, has_risen_enough, required_rise
from headgate.core.contract_document import read_contract
from headgate.core.contract_edit import with_columns
from headgate.core.decision_document import DecisionDocument
from headgate.core.errors import UsageError
from headgate.core.faults import at_fault_point
from headgate.core.flow import Flow
from headgate.core.flow_document import read_flow
from headgate.core.flow_files import CONTRACT_FILE
from headgate.core.parameters import vault_name
from headgate.core.platform import Platform
from headgate.core.reasons import ReasonCode
from headgate.deciding.desk import Desk, flow_of, origin_of
from headgate.project import load_flow

SAMPLE_ROWS = 1_000
_PLACE = {Rise.MAJOR: 0, Rise.MINOR: 1, Rise.PATCH: 2}


def drafted_contract(desk: Desk, case: Case) -> str:
    """The contract's text with the columns that the delivery has beyond it, typed by its first rows, none required.

    UsageError where the drift is of another kind: a column that is gone or has another type is a choice of people.
    """
    flow, origin = flow_of(desk, case), origin_of(desk, case)
    held = origin.facts.get("held", {})
    others = [code for code in (ReasonCode.MISSING_COLUMN, ReasonCode.RETYPED_COLUMN) if code in held]
    if case.kind is not CaseKind.DRIFT or others or ReasonCode.UNKNOWN_COLUMN not in held:
        found = "; ".join(f"{code}: {held[code]}" for code in others) or f"held for {', '.join(origin.held_for)}"
        raise UsageError(
            f"no contract can be drafted for {origin.id} ({found}): what that shall mean is for people to write. "
            "Next: write the new contract, and give it with --contract; or release or reject the delivery."
        )
    unknown = dict.fromkeys(filter(None, held[ReasonCode.UNKNOWN_COLUMN].split(", ")))
    with desk.platform.vault.open(vault_name(origin.sha256)) as stream:
        sample = sample_rows(stream, form_of(origin), path=flow.source.records, rows=SAMPLE_ROWS)
    if sample is None:
        raise UsageError(f"{origin.id} holds no row that a column could be typed by.")
    text = _text_of(flow)
    version = _risen(flow.contract.version, Rise.MINOR)
    columns = infer_columns(sample, unknown, known=_source_paths(flow.contract))
    if not any(columns.values()):
        raise UsageError(
            f"the first {SAMPLE_ROWS:,} rows of {origin.id} have no column that the contract does not name. "
            "Next: write the new contract, and give it with --contract."
        )
    return with_columns(text, columns, version=version)


def checked_contract(flow: Flow, text: str) -> Contract:
    """The contract of a text, where it can take the place of the flow's; UsageError or ContractError says why not."""
    contract = read_contract(text.encode(), name=CONTRACT_FILE)
    changes = diff(flow.contract, contract)
    if not changes:
        raise UsageError(f"the new contract says what {flow.contract.version} says; nothing would change by it.")
    needed = required_rise(changes)
    if not has_risen_enough(flow.contract.version, contract.version, needed):
        raise UsageError(
            f"these changes need a rise of {needed.name.lower()}: version {flow.contract.version} must become "
            f"{_risen(flow.contract.version, needed)} or more, it is {contract.version}."
        )
    flow_with(flow, text)  # tasks must still find what they read
    return contract


def flow_with(flow: Flow, text: str) -> Flow:
    """The flow as it would be with that contract; DocumentError where its tasks do not fit it."""
    folder = Path(flow.folder)

    def read_file(name: str) -> bytes:
        return text.encode() if name == CONTRACT_FILE else (folder / name).read_bytes()

    return read_flow(flow.name, read_file, folder=folder)


def put_in_force(platform: Platform, document: DecisionDocument) -> Flow:
    """Write the contract that was agreed into the flow's folder, whole or not at all, and go on under it.

    A second call changes nothing. Other processes see it when they open the project anew.
    """
    assert document.act in {Act.ACCEPT, Act.CHANGE}
    assert document.contract_text is not None
    flow = platform.flows[document.flow]
    place, aside = Path(flow.folder) / CONTRACT_FILE, agreed_beside(flow, document.contract_text)
    if place.read_bytes() != document.contract_text.encode():
        if not aside.exists():
            write_whole(aside, document.contract_text)
        with suppress(FileNotFoundError):  # another process was first
            aside.replace(place)
    aside.unlink(missing_ok=True)
    at_fault_point("after contract")
    changed = load_flow(Path(flow.folder))
    if platform.ledger.contract(digest=changed.contract.digest) is None:
        text = document.contract_text
        platform.ledger.register_contract(changed.contract, text, flow=flow.name, at=platform.clock())
    if isinstance(platform.flows, dict):
        platform.flows[flow.name] = changed
    return changed


def agreed_beside(flow: Flow, text: str) -> Path:
    """Where an agreed text lies until it takes the contract's place: see `deciding.in_force`."""
    return Path(flow.folder) / f".{CONTRACT_FILE}.{hashlib.sha256(text.encode()).hexdigest()[:16]}.agreed"


def write_whole(place: Path, text: str) -> None:
    """Write a text so that the name has all of it or does not exist, safe on the disk."""
    part = place.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(place)


def file_digest(flow: Flow) -> str:
    """SHA-256 of the contract's file: comments and layout count."""
    return hashlib.sha256((Path(flow.folder) / CONTRACT_FILE).read_bytes()).hexdigest()


def _text_of(flow: Flow) -> str:
    return (Path(flow.folder) / CONTRACT_FILE).read_text(encoding="utf-8")


def _source_paths(contract: Contract) -> frozenset[str]:
    """Paths of all columns as the sender calls them."""
    found: list[str] = []

    def walk(column: Column, before: str) -> None:
        here = f"{before}.{column.source_name}" if before else column.source_name
        found.append(here)
        inner = column.element
        for child in (*column.children, *(inner.children if inner else ())):
            walk(child, here if inner is None else f"{here}[]")

    for column in contract.columns:
        walk(column, "")
    return frozenset(found)


def _risen(version: str, rise: Rise) -> str:
    """The next version of that level.

    >>> _risen("4.0.2", Rise.MINOR)
    '4.1.0'
    """
    numbers = [int(part) for part in version.split("-", maxsplit=1)[0].split("+", maxsplit=1)[0].split(".")]
    place = _PLACE.get(rise, 2)
    raised = [*numbers[:place], numbers[place] + 1, 0, 0]
    return ".".join(map(str, raised[:3]))

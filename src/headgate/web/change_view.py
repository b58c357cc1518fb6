"""What the page of a change of rules shows: the contract before and after, parameters before and after."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path

import msgspec

from headgate.core.cases import Case, CaseKind
from headgate.core.decision_document import DecisionDocument, Outlook
from headgate.core.flow import Flow
from headgate.core.flow_files import CONTRACT_FILE
from headgate.core.platform import Platform
from headgate.deciding.desk import Desk, document_of
from headgate.deciding.drift import file_digest

_AROUND = 2  # lines of the contract that stay, around those that change


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter that changes."""

    name: str
    before: str
    after: str
    unit: str
    version: int  # in force when it was proposed; 0 for none


class RuleChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a flow's rules."""

    words: tuple[str, ...]  # of the contract
    lines: tuple[str, ...]  # of its text, as a unified diff
    values: tuple[Value, ...]
    outlook: Outlook | None  # of a replay
    contract: str  # digest of the one that is changed
    parameters: Mapping[str, int]  # versions that it is bound to


def read_change(desk: Desk, case: Case, flow: Flow) -> RuleChange | None:
    """What the last proposal of a case changes; None for a case about a delivery."""
    if case.kind is not CaseKind.CHANGE:
        return None
    return tell_change(desk.platform, flow, document_of(desk, desk.cases.decisions([case.id])[-1]))


def tell_change(platform: Platform, flow: Flow, document: DecisionDocument) -> RuleChange:
    """What a document of a change says."""
    tables = {one.name for one in flow.parameters if one.type == "table"}
    units = {one.name: one.unit for one in flow.parameters}
    known = {(one.name, one.number): one.value for one in platform.ledger.parameters(flow.name)}
    values = []
    for name, after in document.values.items():
        version = document.parameters.get(name, 0)
        before = known.get((name, version), "nothing")
        if name in tables:
            before, after = f"a table, SHA-256 {before[:12]}", f"a table, SHA-256 {after[:12]}"  # noqa: PLW2901
        values.append(Value(name=name, before=before, after=after, unit=units.get(name, ""), version=version))
    return RuleChange(
        words=tuple(word for word in document.words if not word.startswith("parameter ")),
        lines=_lines(platform, flow, document),
        values=tuple(values),
        outlook=document.outlook,
        contract=document.contract,
        parameters=document.parameters,
    )


def _lines(platform: Platform, flow: Flow, document: DecisionDocument) -> tuple[str, ...]:
    """Against the file while it is the one that would be replaced, later against what the ledger kept of it."""
    if document.contract_text is None:
        return ()
    before = platform.ledger.contract(digest=document.contract) or ""
    if file_digest(flow) == document.based_on:
        before = (Path(flow.folder) / CONTRACT_FILE).read_text(encoding="utf-8")
    after = document.contract_text.splitlines()
    return tuple(unified_diff(before.splitlines(), after, lineterm="", n=_AROUND))[2:]  # behind the files' names

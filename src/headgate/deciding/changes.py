"""Changes of rules: a new contract, new values of parameters, or both, proposed and agreed to as one."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from headgate.core.canonical import digest
from headgate.core.cases import (
    RULE_CHANGE,
    WHOLE_FLOW,
    Act,
    Case,
    CaseFilter,
    CaseKind,
    CaseState,
    Decision,
    DecisionState,
    change_id,
)
from headgate.core.contract import Contract
from headgate.core.contract_diff import diff
from headgate.core.contract_document import read_contract
from headgate.core.contract_lint import Level, lint
from headgate.core.decision_document import DecisionDocument, Outlook, document_digest
from headgate.core.errors import ConflictError, ContractError, HeadgateError, TransientError, UsageError
from headgate.core.faults import at_fault_point
from headgate.core.flow import Flow, ParameterDeclaration
from headgate.core.flow_files import CONTRACT_FILE
from headgate.core.parameters import canonical_text, parse_table, read_table
from headgate.core.platform import Platform
from headgate.core.records import ParameterVersion
from headgate.deciding.desk import Desk, document_of, read_kept
from headgate.deciding.drift import checked_contract, file_digest, flow_with, put_in_force
from headgate.deciding.in_force import lay_beside, take_away
from headgate.deciding.plan import Plan
from headgate.deciding.replay_document import held_changes, sentence
from headgate.deciding.replay_proposal import Proposal
from headgate.deciding.replay_result import Replay
from headgate.operations import declared, known_flow
from headgate.project import load_flow


def plan_change(
    desk: Desk,
    name: str,
    *,
    contract: str | None = None,
    values: Mapping[str, str] | None = None,
    replayed: Replay | None = None,
) -> Plan:
    """What a change of a flow's rules would be bound to; changes nothing.

    `contract` is the text that shall be in force, `values` what parameters shall be: of a table the content of its CSV
    file. `replayed` is what a replay of just that came to. UsageError and its kinds say what cannot be changed so, and
    where nothing would change.
    """
    platform = desk.platform
    flow = known_flow(platform, name)
    if contract is None and not values:
        raise UsageError("a change of rules says what shall change. Next: give a contract, or values of parameters.")
    _require_text([contract or "", *(values or {}).values()])
    if _written(flow).digest != flow.contract.digest:
        raise ConflictError(
            f"the contract in the folder of flow {name} is not the one that this process works under. "
            "Next: start it again, then propose."
        )
    now = _in_force(platform, flow)
    proposed, tables = _proposed(flow, now, values or {})
    words = [*_contract_words(flow, contract), *_value_words(platform, flow, now, proposed, tables)]
    versions = {one.name: one.number for one in now.values()}
    case = _case(desk, flow, versions)
    document = DecisionDocument(
        project=platform.project,
        flow=flow.name,
        case=case.id,
        delivery=None,
        delivery_sha256=None,
        act=Act.CHANGE,
        rows=(),
        contract=flow.contract.digest,
        parameters=versions,
        contract_text=contract,
        based_on=None if contract is None else file_digest(flow),
        values=proposed,
        words=tuple(words),
        outlook=None if replayed is None else _outlook(replayed),
        shown=digest({one.name: one.value for one in now.values()}),
    )
    needed = flow.review.rule_changes or flow.review.votes
    kept = tuple(tables.values())
    return Plan(case=case, document=document, rehearsal=None, asked=0, needed=needed, edited=True, tables=kept)


def proposal_of(flow: Flow, *, contract: str | None, values: Mapping[str, str]) -> Proposal:
    """The same change as `plan_change` takes it, for a replay."""
    _require_text([contract or "", *values.values()])
    tables = {one.name for one in flow.parameters if one.type == "table"}
    return Proposal(
        contract_text=contract,
        values={name: text for name, text in values.items() if name not in tables},
        tables={name: text.encode() for name, text in values.items() if name in tables},
    )


def _outlook(found: Replay) -> Outlook:
    return Outlook(
        digest=found.digest,
        sentence=sentence(found),
        notes=tuple(held_changes(found)),
        cells=tuple((str(cell.now), str(cell.then), cell.rows) for cell in found.cells),
        deliveries=tuple(one.id for one in found.deliveries),
    )


def enact(desk: Desk, decision: Decision) -> Decision:
    """Put an agreed change in force, or void it where anything is not as it was agreed; ConflictError before its time.

    The parameters are set with the execution. The contract takes its place after it: a kill between the two leaves the
    agreed text beside it, with which `deciding.in_force.finish` goes on.
    """
    problem, document = "", None
    try:
        document, _ = read_kept(desk.platform, decision.digest)
        problem = _changed(desk.platform, document)
        if not problem and document.contract_text is not None:
            problem = lay_beside(desk.platform, document)
    except TransientError:  # says nothing about what was agreed
        raise
    except HeadgateError as error:
        problem = str(error)
    at_fault_point("before enactment")
    done = desk.cases.enact(
        decision.case,
        decision.number,
        problem=problem,
        parameters={} if document is None else document.parameters,
        values={} if document is None else document.values,
        at=desk.people.clock(),
    )
    at_fault_point("after enactment")
    if document is not None and document.contract_text is not None:
        at_fault_point("before agreed contract")
        (put_in_force if done.state is DecisionState.EXECUTED else take_away)(desk.platform, document)
    return done


def changed_words(desk: Desk, case: Case) -> tuple[str, ...]:
    """What the last proposal of a change of rules changes; of another case nothing."""
    if case.kind is not CaseKind.CHANGE:
        return ()
    return document_of(desk, desk.cases.decisions([case.id])[-1]).words


def _changed(platform: Platform, document: DecisionDocument) -> str:
    """What is not as it was agreed; empty where all is. Parameters' versions are compared when it is executed."""
    known = platform.flows.get(document.flow)
    if known is None:
        return f"this project has no flow {document.flow} (any more)"
    flow = load_flow(Path(known.folder))  # as it is written now, by whomever
    if flow.contract.digest != document.contract:
        return f"the contract is {flow.contract.digest[:12]} by now, agreed was {document.contract[:12]}"
    known_names = {one.name: one for one in flow.parameters}
    for name, value in document.values.items():
        declaration = known_names.get(name)
        if declaration is None:
            return f"flow {flow.name} has no parameter {name} by now"
        if declaration.type == "table":
            read_table(declaration, platform.vault, value)
        else:
            canonical_text(declaration, value)
    if document.contract_text is not None:
        _checked(flow, document.contract_text)
    return ""


def _require_text(texts: Sequence[str]) -> None:
    """UsageError for what JSON can name and no file can hold: half of a surrogate pair."""
    try:
        "".join(texts).encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"a text cannot be written as UTF-8: {error}. Nothing was proposed.") from error


def _case(desk: Desk, flow: Flow, versions: Mapping[str, int]) -> Case:
    """The case of a change to the rules as they are: the one that is open, or a new one."""
    id_ = change_id(flow.name, flow.contract.digest, versions)
    known = desk.cases.cases(CaseFilter(ids=(id_,)))
    if known:
        return known[0]
    now, within_s = desk.people.clock(), flow.review.within_s
    return Case(
        id=id_,
        flow=flow.name,
        delivery=None,
        kind=CaseKind.CHANGE,
        rule=WHOLE_FLOW,
        code=RULE_CHANGE,
        column="",
        rows=0,
        left=0,
        contract=flow.contract.digest,
        state=CaseState.OPEN,
        opened_at=now,
        due_at=None if within_s is None else now + timedelta(seconds=within_s),
    )


def _written(flow: Flow) -> Contract:
    """The contract as it stands in the flow's folder."""
    return read_contract((Path(flow.folder) / CONTRACT_FILE).read_bytes(), name=CONTRACT_FILE)


def _in_force(platform: Platform, flow: Flow) -> dict[str, ParameterVersion]:
    """The newest version of each parameter that the flow declares, in its order."""
    newest = {one.name: one for one in platform.ledger.parameters(flow.name)}
    return {one.name: newest[one.name] for one in flow.parameters if one.name in newest}


def _proposed(
    flow: Flow, now: Mapping[str, ParameterVersion], values: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, bytes]]:
    """Values as the ledger keeps them, and the content of tables by name."""
    tables: dict[str, bytes] = {}
    proposed: dict[str, str] = {}
    for name, text in values.items():
        declaration = declared(flow, name)
        if declaration.type == "table":
            tables[name] = text.encode()
            proposed[name] = document_digest(tables[name])
            parse_table(declaration, io.BytesIO(tables[name]))
        else:
            proposed[name] = canonical_text(declaration, text)
        if name in now and now[name].value == proposed[name]:
            what = "this table" if name in tables else proposed[name]
            raise UsageError(f"parameter {name} is {what} already; nothing would change by it. Next: leave it out.")
    return dict(sorted(proposed.items())), tables


def _checked(flow: Flow, text: str) -> Contract:
    """The contract of a text that can take the place of the flow's, and in which lint finds no error."""
    contract = checked_contract(flow, text)
    errors = [one for one in lint(contract, flow_with(flow, text)) if one.level is Level.ERROR]
    if errors:
        raise ContractError(CONTRACT_FILE, errors)
    return contract


def _contract_words(flow: Flow, text: str | None) -> list[str]:
    if text is None:
        return []
    contract = _checked(flow, text)
    changes = [f"{one.path or 'contract'}: {one.what}" for one in diff(flow.contract, contract)]
    return [f"contract {flow.contract.version} becomes {contract.version}", *changes]


def _value_words(
    platform: Platform,
    flow: Flow,
    now: Mapping[str, ParameterVersion],
    proposed: Mapping[str, str],
    tables: Mapping[str, bytes],
) -> list[str]:
    words = []
    for name, value in proposed.items():
        declaration = declared(flow, name)
        if name in tables:
            before = read_table(declaration, platform.vault, now[name].value).num_rows if name in now else 0
            after = parse_table(declaration, io.BytesIO(tables[name])).num_rows
            words.append(f"parameter {name}: a table of {before:,} lines becomes one of {after:,}")
        else:
            unit = f" {declaration.unit}" if declaration.unit else ""
            words.append(f"parameter {name}: {_old(now, declaration)} becomes {value}{unit}")
    return words


def _old(now: Mapping[str, ParameterVersion], declaration: ParameterDeclaration) -> str:
    return now[declaration.name].value if declaration.name in now else "nothing"

"""Cases as JSON: what the pages show and do, for programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from fastapi import APIRouter, Depends, Header, Path, Query
from starlette.requests import Request

from headgate.core.cases import Case, CaseFilter, CaseState, Decision
from headgate.core.decision_document import document_digest
from headgate.core.errors import NotFoundError, UsageError
from headgate.core.roles import Permission
from headgate.deciding.assigning import assign
from headgate.deciding.changes import changed_words
from headgate.deciding.desk import flow_of
from headgate.deciding.plan import Plan, plan
from headgate.deciding.plan_words import contract_lines, tell_plans
from headgate.deciding.proposal import Edit
from headgate.deciding.saying import say
from headgate.deciding.votes import agree, propose, withdraw
from headgate.serve.case_rows import HeldRow, Selection, page
from headgate.serve.record_form import MASK, is_personal
from headgate.web.access import SignedIn, Visitor, changing, needs
from headgate.web.api_errors import CHANGES, ERRORS, NOT_THERE
from headgate.web.asked import require_shown
from headgate.web.case_access import decided_case, personal_seen, require_value, seen_case, sees_personal
from headgate.web.case_bodies import (
    AskedAnswer,
    AskedAssignment,
    AskedChange,
    AskedComment,
    AskedEnd,
    AskedPlan,
    AskedReplay,
    AskedVote,
)
from headgate.web.case_models import CaseAnswer, CaseList, DecisionAnswer, PlanAnswer, RowPage, SaidAnswer, WholeCase
from headgate.web.site import site_of

T = TypeVar("T")
routes = APIRouter(prefix="/api/cases", responses=ERRORS, tags=["cases"])

MOST_ROWS = 500  # of one answer
WRITTEN = NOT_THERE | CHANGES

Sees = Annotated[Visitor, Depends(needs(Permission.SEE))]
Short = Annotated[str, Query(max_length=200)]
Id = Annotated[str, Path(max_length=64, description="The whole id, as `c-43fe90a5e8d1c537`.")]
State = Literal["open", "closed", "all"]


Secret = Annotated[str, Header(max_length=200, description="The session's secret; none with a token.")]


def writes(permission: Permission) -> Callable[..., Visitor]:
    """Who changes something by the API: a token, or a session, whose secret comes in the header X-Headgate-CSRF."""
    known = changing(permission)

    def allowed(
        request: Request,
        who: SignedIn,
        x_headgate_csrf: Annotated[
            str, Header(max_length=200, description="The session's secret; none with a token.")
        ] = "",
    ) -> Visitor:
        return known(request, who, x_headgate_csrf)

    allowed.permission = permission  # type: ignore[attr-defined]  # for the table of routes and roles
    allowed.changes = True  # type: ignore[attr-defined]
    return allowed


async def body_of(request: Request) -> bytes:
    """The JSON that was sent; UsageError for anything else."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise UsageError("This call takes a JSON object. Next: send one as application/json.")
    return await request.body()


Body = Annotated[bytes, Depends(body_of)]
Decides = Annotated[Visitor, Depends(writes(Permission.DECIDE))]


def takes(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """What a route says of its body in the API's document."""
    schema = {"$ref": f"#/components/schemas/{kind.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def body_schemas() -> dict[str, Any]:
    """The schemas of all bodies, by name, for the API's document."""
    kinds = (AskedPlan, AskedChange, AskedVote, AskedEnd, AskedComment, AskedAssignment, AskedAnswer, AskedReplay)
    _, schemas = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    return schemas


@routes.get("", response_model=CaseList)
def list_cases(
    request: Request, who: Sees, *, flow: Short = "", state: State = "open", delivery: Short = "", assigned: Short = ""
) -> dict[str, Any]:
    """Cases of the visitor's flows, the one due first."""
    flows = tuple(one for one in who.flows(Permission.SEE) if flow in {"", one})
    wanted = None if state == "all" else CaseState(state)
    which = CaseFilter(flows=flows, state=wanted, delivery=delivery or None, assigned=assigned or None, limit=1_000)
    return {"cases": [case_document(one) for one in site_of(request).desk.cases.cases(which)]}


@routes.get("/{case}", response_model=WholeCase, responses=NOT_THERE)
def show_case(request: Request, who: Sees, case: Id) -> dict[str, Any]:
    """A case with its decisions and comments."""
    found, desk = seen_case(request, who, case), site_of(request).desk
    return {
        **case_document(found),
        "changes": list(changed_words(desk, found)),
        "decisions": [msgspec.to_builtins(one) for one in desk.cases.decisions([found.id])],
        "comments": [msgspec.to_builtins(one) for one in desk.cases.comments(found.id)],
    }


@routes.get("/{case}/rows", response_model=RowPage, responses=NOT_THERE)
def list_rows(
    request: Request,
    who: Sees,
    case: Id,
    *,
    after: Annotated[int, Query(ge=0, le=(1 << 63) - 1)] = 0,
    most: Annotated[int, Query(ge=1, le=MOST_ROWS)] = 50,
    value: Annotated[str | None, Query(max_length=2_000)] = None,
    personal: bool = False,
) -> dict[str, Any]:
    """Rows that wait, from after a number on; personal values and whole records only with `personal`, as an event."""
    found, desk = seen_case(request, who, case), site_of(request).desk
    contract = desk.platform.flows[found.flow].contract
    if personal:
        sees_personal(request, who, found)
    require_value(request, who, found, value)
    rows = page(desk.platform, found, after=after, most=most + 1, value=value)
    if personal:
        personal_seen(request, who, found, ["the whole record"])
    return {
        "rows": [
            row_document(row, lambda path: personal or not is_personal(contract, path), whole=personal)
            for row in rows[:most]
        ],
        "next": rows[most - 1].row if len(rows) > most else None,
    }


@routes.post("/{case}/plan", response_model=PlanAnswer, responses=WRITTEN, openapi_extra=takes(AskedPlan))
def plan_case(request: Request, who: Decides, case: Id, body: Body) -> dict[str, Any]:
    """What a decision would do; changes nothing."""
    found = decided_case(request, who, case)
    planned = _planned(request, who, found, read_body(body, AskedPlan))
    lines = contract_lines(planned, flow_of(site_of(request).desk, found))
    return plan_document(planned) | {"contract": list(lines)}


@routes.post("/{case}/decide", response_model=DecisionAnswer, responses=WRITTEN, openapi_extra=takes(AskedPlan))
def decide_case(request: Request, who: Decides, case: Id, body: Body) -> dict[str, Any]:
    """Propose a decision; with `digest` only where it is what was looked at."""
    found, asked = decided_case(request, who, case), read_body(body, AskedPlan)
    planned = _planned(request, who, found, asked)
    if asked.digest is not None:
        require_shown(planned, asked.digest)
    decision = propose(site_of(request).desk, planned, by=who.account, reason=asked.reason, instead=asked.instead)
    return decision_document(decision)


@routes.post("/{case}/vote", response_model=DecisionAnswer, responses=WRITTEN, openapi_extra=takes(AskedVote))
def vote_case(request: Request, who: Decides, case: Id, body: Body) -> dict[str, Any]:
    """Agree to exactly one content."""
    found, asked = decided_case(request, who, case), read_body(body, AskedVote)
    decision = _decision(request, found, asked.number)
    return decision_document(agree(site_of(request).desk, decision, by=who.account, digest=asked.digest))


@routes.post("/{case}/withdraw", response_model=DecisionAnswer, responses=WRITTEN, openapi_extra=takes(AskedEnd))
def withdraw_case(request: Request, who: Decides, case: Id, body: Body) -> dict[str, Any]:
    """Undo what is not executed."""
    found, asked = decided_case(request, who, case), read_body(body, AskedEnd)
    decision = _decision(request, found, asked.number)
    return decision_document(withdraw(site_of(request).desk, decision, by=who.account, note=asked.note))


@routes.post("/{case}/comments", response_model=SaidAnswer, responses=WRITTEN, openapi_extra=takes(AskedComment))
def comment_case(request: Request, who: Decides, case: Id, body: Body) -> dict[str, Any]:
    """Say something, ask the sender, or tell what they answered by another way."""
    found, asked = decided_case(request, who, case), read_body(body, AskedComment)
    desk = site_of(request).desk
    said = say(desk, found, by=who.account, text=asked.text, question=asked.question, settles=asked.settles)
    document: dict[str, Any] = msgspec.to_builtins(said.comment)
    return document | {"unseen": list(said.unseen), "asked": "" if said.asked is None else said.asked.told}


@routes.post("/{case}/assign", response_model=CaseAnswer, responses=WRITTEN, openapi_extra=takes(AskedAssignment))
def assign_case(request: Request, who: Decides, case: Id, body: Body) -> dict[str, Any]:
    """Make somebody responsible who decides in the flow, or nobody."""
    found, asked = decided_case(request, who, case), read_body(body, AskedAssignment)
    return case_document(assign(site_of(request).desk, found, asked.account, by=who.account))


def case_document(case: Case) -> dict[str, Any]:
    """A case as JSON."""
    document: dict[str, Any] = msgspec.to_builtins(case)
    return document


def decision_document(decision: Decision) -> dict[str, Any]:
    """A decision as JSON."""
    document: dict[str, Any] = msgspec.to_builtins(decision)
    return document


def plan_document(planned: Plan) -> dict[str, Any]:
    """A plan as JSON: nothing of it says a value."""
    rehearsal = planned.rehearsal
    return {
        "sentence": tell_plans([planned]),
        "digest": document_digest(planned.document.encoded()),
        "asked": planned.asked,
        "rows": planned.rows,
        "needed": planned.needed,
        "elements": sum(planned.elements),
        "duplicates": rehearsal.duplicates if rehearsal is not None else 0,
        "codes": dict(rehearsal.codes) if rehearsal is not None else {},
        "stopped": [] if rehearsal is None else [_stopped(one.row, one.reasons) for one in rehearsal.shown],
    }


def row_document(row: HeldRow, shown: Callable[[str], bool], *, whole: bool) -> dict[str, Any]:
    """A row as JSON, values masked where they may not be shown."""
    reasons = [
        {**reason, "value": reason["value"] if reason["value"] is None or shown(reason["column"]) else MASK}
        for reason in row.reasons
    ]
    return {"row": row.row, "reasons": reasons} | ({"record": row.record} if whole else {})


def _stopped(row: int, reasons: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    told = [{name: reason[name] for name in ("code", "column", "rule", "consequence")} for reason in reasons]
    return {"row": row, "reasons": told}


def _planned(request: Request, who: Visitor, case: Case, asked: AskedPlan) -> Plan:
    edits = [Edit(row=one.row, values=one.values, record=one.record) for one in asked.edits]
    require_value(request, who, case, asked.value)
    selection = Selection(rows=asked.rows, but=asked.but, code=asked.code, value=asked.value)
    desk = site_of(request).desk
    return plan(desk, case, asked.act, selection=selection, edits=edits, every=asked.every, contract=asked.contract)


def _decision(request: Request, case: Case, number: int) -> Decision:
    for one in site_of(request).desk.cases.decisions([case.id]):
        if one.number == number:
            return one
    raise NotFoundError(f"Case {case.id} has no decision {number}.")


def read_body(body: bytes, kind: type[T]) -> T:
    """The JSON as what a call is asked with; UsageError says what does not fit."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise UsageError(
            f"The JSON cannot be read: {error}. Next: docs/api.md and /api/openapi.json tell its members."
        ) from error

"""One case: its rows one by one, corrections with a live re-check, votes, comments, who is responsible."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headgate.core.cases import Act, Case
from headgate.core.decision_document import document_digest
from headgate.core.errors import ConflictError, HeadgateError, NotFoundError, UsageError
from headgate.core.roles import Permission
from headgate.deciding.assigning import assign as assign_to
from headgate.deciding.plan import Plan, plan
from headgate.deciding.plan_words import tell_plans
from headgate.deciding.rehearsal import Stopped
from headgate.deciding.saying import say
from headgate.deciding.votes import agree, propose, withdraw
from headgate.serve.case_rows import one_row
from headgate.serve.record_form import changed_values
from headgate.web.access import Visitor, changing, needs
from headgate.web.asked import edits_with, form_of, posted_values, require_shown
from headgate.web.bulk import status_of
from headgate.web.case_access import decided_case, personal_seen, seen_case, sees_personal
from headgate.web.case_view import read_case, subject_of
from headgate.web.rendering import PART, page, part
from headgate.web.row_view import read_layout
from headgate.web.site import site_of

routes = APIRouter()

Sees = Annotated[Visitor, Depends(needs(Permission.SEE))]
Decides = Annotated[Visitor, Depends(changing(Permission.DECIDE))]
Posted = Annotated[FormData, Depends(form_of)]
RowNumber = Annotated[int, Form(ge=1, le=(1 << 63) - 1)]
Number = Annotated[int, Form(ge=1)]
Text = Annotated[str, Form(max_length=20_000)]
PERSONAL = "personal"


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A correction of one row, checked again."""

    row: int
    changed: int  # fields
    fault: str = ""  # why nothing can be proposed
    stopped: Stopped | None = None  # the row would not pass: with these reasons
    sentence: str = ""
    rows: int = 0
    needed: int = 0
    digest: str = ""
    instead: str = ""  # digest of the proposal that this one changes


class Again(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of a case shows beside the case: which row, and what was entered there."""

    row: int | None = None
    unmasked: bool = False
    checked: Checked | None = None
    entered: Mapping[str, str] = {}


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a form that proposes a correction says of what its sender saw."""

    row: int
    reason: str
    digest: str
    instead: str  # digest of the proposal that is changed


def shown_of(row: RowNumber, reason: Text = "", digest: Text = "", instead: Text = "") -> Shown:
    """From the form."""
    return Shown(row=row, reason=reason, digest=digest, instead=instead)


@routes.get("/cases/{case}")
def case_page(
    request: Request,
    who: Sees,
    case: str,
    row: Annotated[int | None, Query(ge=1, le=(1 << 63) - 1)] = None,
    show: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """What is wrong, the whole record, what stands around it, and the decision."""
    found = seen_case(request, who, case)
    desk = site_of(request).desk
    desk.cases.see(found.id, who=who.account.id, at=desk.people.clock())
    unmasked = show == PERSONAL and sees_personal(request, who, found)
    return _page(request, who, found, Again(row=row, unmasked=unmasked))


@routes.get("/cases/{case}/rows/{row}/record")
def raw_record(
    request: Request,
    who: Annotated[Visitor, Depends(needs(Permission.UNMASK))],
    case: str,
    row: Annotated[int, Path(ge=1, le=(1 << 63) - 1)],
) -> Response:
    """A record as it came, whole; that it was seen is an event."""
    found = seen_case(request, who, case)
    sees_personal(request, who, found)
    held = one_row(site_of(request).desk.platform, found, row)
    personal_seen(request, who, found, ["the whole record"])
    headers = {"Content-Disposition": f'attachment; filename="{found.id}-row-{row}.txt"'}
    content = (held.record or "").encode("utf-8", "surrogatepass")
    return Response(content, media_type="application/octet-stream", headers=headers)


@routes.post("/cases/{case}/plan")
def recheck(request: Request, who: Decides, case: str, form: Posted, row: RowNumber) -> Response:
    """Check a row again as it is entered, with the same rules; changes nothing."""
    found = decided_case(request, who, case)
    unmasked = _unmasked(request, who, found, form)
    checked, _ = _check(request, found, row, form, unmasked=unmasked)
    if request.headers.get(PART):
        return part(request, "_recheck.html", who, checked=checked, case=found)
    again = Again(row=row, unmasked=unmasked, checked=checked, entered=posted_values(form))
    return _page(request, who, found, again)


@routes.post("/cases/{case}/propose")
def propose_correction(
    request: Request, who: Decides, case: str, form: Posted, shown: Annotated[Shown, Depends(shown_of)]
) -> Response:
    """Propose a row as it was entered and shown; somebody else has to agree."""
    found = decided_case(request, who, case)
    unmasked = _unmasked(request, who, found, form)
    entered = posted_values(form)
    checked, planned = _check(request, found, shown.row, form, unmasked=unmasked)
    again = Again(row=shown.row, unmasked=unmasked, checked=checked, entered=entered)
    if planned is None or not shown.digest:  # nothing to propose, or nothing was shown yet
        return _page(request, who, found, again)
    try:
        require_shown(planned, shown.digest)
        propose(site_of(request).desk, planned, by=who.account, reason=shown.reason, instead=shown.instead or None)
    except UsageError as error:
        return _page(request, who, found, again, fault=error)
    return _back(request, found)


@routes.post("/cases/{case}/vote")
def vote(request: Request, who: Decides, case: str, number: Number, digest: Text = "") -> Response:
    """Agree to exactly what was shown."""

    def act(found: Case) -> None:
        desk = site_of(request).desk
        decision = next((one for one in desk.cases.decisions([found.id]) if one.number == number), None)
        if decision is None:
            raise NotFoundError(f"Case {found.id} has no decision {number}. Next: open the case again.")
        agree(desk, decision, by=who.account, digest=digest)

    return _acted(request, who, case, act)


@routes.post("/cases/{case}/withdraw")
def take_back(request: Request, who: Decides, case: str, number: Number, note: Text = "") -> Response:
    """Undo what is not executed."""

    def act(found: Case) -> None:
        desk = site_of(request).desk
        decision = next((one for one in desk.cases.decisions([found.id]) if one.number == number), None)
        if decision is None:
            raise NotFoundError(f"Case {found.id} has no decision {number}. Next: open the case again.")
        withdraw(desk, decision, by=who.account, note=note)

    return _acted(request, who, case, act)


@routes.post("/cases/{case}/comments")
def comment(  # noqa: PLR0917  the form's members
    request: Request, who: Decides, case: str, text: Text = "", question: Text = "", settles: Text = ""
) -> Response:
    """Say something to the others, ask the sender, or tell what the sender answered by another way."""

    def act(found: Case) -> None:
        desk = site_of(request).desk
        say(desk, found, by=who.account, text=text, question=bool(question), settles=bool(settles))

    return _acted(request, who, case, act)


@routes.post("/cases/{case}/assign")
def assign(request: Request, who: Decides, case: str, account: Text = "") -> Response:
    """Make somebody responsible who decides in the flow, or nobody."""

    def act(found: Case) -> None:
        assign_to(site_of(request).desk, found, account or None, by=who.account)

    return _acted(request, who, case, act)


def _acted(request: Request, who: Visitor, id_: str, act: Callable[[Case], None]) -> Response:
    """The case again, after the act; where that was not done, with why."""
    case = decided_case(request, who, id_)
    try:
        act(case)
    except UsageError as error:
        return _page(request, who, case, Again(), fault=error)
    return _back(request, case)


def _back(request: Request, case: Case) -> Response:
    return RedirectResponse(f"{request.scope.get('root_path', '')}/cases/{case.id}", status_code=303)


def _unmasked(request: Request, who: Visitor, case: Case, form: FormData) -> bool:
    """Whether the form showed personal values: then what was not changed in them is no edit."""
    return form.get("show") == PERSONAL and sees_personal(request, who, case)


def _check(request: Request, case: Case, row: int, form: FormData, *, unmasked: bool) -> tuple[Checked, Plan | None]:
    desk = site_of(request).desk
    _, layout = read_layout(subject_of(desk, case), row, unmasked=unmasked)
    values = changed_values(posted_values(form), layout) if layout is not None else {}
    if not values:
        return Checked(row=row, changed=0), None
    edits, instead = edits_with(desk, case, row, values)
    try:
        planned = plan(desk, case, Act.CORRECT, edits=edits)
    except HeadgateError as error:
        return Checked(row=row, changed=len(values), fault=str(error)), None
    assert planned.rehearsal is not None
    stopped = next((one for one in planned.rehearsal.shown if one.row == row), None)
    checked = Checked(
        row=row,
        changed=len(values),
        stopped=stopped,
        sentence=tell_plans([planned]),
        rows=planned.rows,
        needed=planned.needed,
        digest=document_digest(planned.document.encoded()),
        instead=instead or "",
    )
    return checked, None if stopped is not None else planned


def _page(request: Request, who: Visitor, case: Case, again: Again, *, fault: HeadgateError | None = None) -> Response:
    desk = site_of(request).desk
    view = read_case(desk, who, seen_case(request, who, case.id), row=again.row, unmasked=again.unmasked)
    if again.unmasked and view.row is not None and view.row.layout is not None:
        personal_seen(request, who, case, view.row.layout.masked)
    return page(
        request,
        "case.html",
        who,
        status=200 if fault is None else status_of(fault),
        view=view,
        case=view.case,
        row=view.row,
        decision=view.decision,
        checked=again.checked,
        entered=again.entered,
        unmasked=again.unmasked,
        fault="" if fault is None else str(fault),
        conflict=isinstance(fault, ConflictError),
    )

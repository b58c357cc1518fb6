"""What a form asks to be done with rows of cases, and the plans that it comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from starlette.datastructures import FormData
from starlette.requests import Request

from headgate.core.cases import Act, Case, CaseKind
from headgate.core.decision_document import document_digest
from headgate.core.errors import ConflictError, UsageError
from headgate.deciding.desk import Desk, document_of, under_way
from headgate.deciding.plan import Plan, plan
from headgate.deciding.proposal import Edit
from headgate.serve.case_rows import Selection

ALL, CHECKED, BUT = "all", "checked", "but"
_MOST_DIGITS = 18  # of a row's number
VALUE = "value."  # before the path of a record's field


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A form of the inbox or of a case."""

    act: Act  # that is to be done
    cases: tuple[str, ...]
    which: str = ALL  # all, checked, but
    checked: frozenset[tuple[str, int]] = frozenset()  # case and row
    listed: frozenset[tuple[str, int]] = frozenset()  # that stood on the page
    found: str | None = None  # only rows whose reason found this
    path: str = ""  # of a value that all shall have
    value: str = ""
    digests: Mapping[str, str] = {}  # of what was shown, by case
    instead: str | None = None  # the decision under way that this one changes
    reason: str = ""

    @property
    def every(self) -> dict[str, str | None] | None:
        """The value that a correction puts into all rows."""
        return {self.path: self.value or None} if self.act is Act.CORRECT and self.path else None

    def selection(self, case: Case) -> Selection:
        """Which rows of the case are meant."""
        if case.kind is not CaseKind.ROWS:
            return Selection()
        if self.which == CHECKED:
            return Selection(rows=tuple(sorted(row for id_, row in self.checked if id_ == case.id)), value=self.found)
        left_out = tuple(sorted(row for id_, row in self.listed - self.checked if id_ == case.id))
        return Selection(but=left_out if self.which == BUT else (), value=self.found)


async def form_of(request: Request) -> FormData:
    """The fields of a form, read once whoever asks."""
    return await request.form()


def read_act(form: FormData) -> Act:
    """The act that a button of the form names; UsageError for none."""
    try:
        return Act(_text(form, "act"))
    except ValueError as error:
        raise UsageError("The form names no act. Next: open the page again, and send it from there.") from error


def read_asked(form: FormData, act: Act) -> Asked:
    """What a form asks for; UsageError for one that no page of ours sends."""
    which = _text(form, "which") or ALL
    if which not in {ALL, CHECKED, BUT}:
        raise UsageError("The form does not say which rows are meant. Next: open the page again.")
    found = form.get("found")
    return Asked(
        act=act,
        cases=tuple(dict.fromkeys(_texts(form, "case"))),
        which=which,
        checked=frozenset(_place(text) for text in _texts(form, "row")),
        listed=frozenset(_place(text) for text in _texts(form, "listed")),
        found=found if isinstance(found, str) and form.get("filtered") else None,
        path=_text(form, "path"),
        value=_text(form, "value"),
        digests=dict(text.rpartition(":")[::2] for text in _texts(form, f"digest.{act}")),
        instead=_text(form, "instead") or None,
        reason=_text(form, "reason"),
    )


def plan_asked(desk: Desk, case: Case, asked: Asked) -> Plan:
    """The plan for one of the cases."""
    return plan(desk, case, asked.act, selection=asked.selection(case), every=asked.every)


def require_shown(planned: Plan, digest: str | None) -> None:
    """ConflictError where what would be proposed is not what was shown."""
    now = document_digest(planned.document.encoded())
    if digest != now:
        raise ConflictError(
            f"You were shown {short(digest)} of case {planned.case.id}; it would now be {short(now)}. "
            "Nothing was proposed. Next: look at it as it stands now, then decide."
        )


def short(digest: str | None) -> str:
    """The ends of a digest, as pages show it."""
    return f"{digest[:4]}…{digest[-2:]}" if digest else "nothing"


def posted_values(form: FormData) -> dict[str, str]:
    """Values of a record's fields by path; browsers end lines their own way."""
    return {
        name.removeprefix(VALUE): value.replace("\r\n", "\n")
        for name, value in form.items()
        if name.startswith(VALUE) and isinstance(value, str)
    }


def edits_with(desk: Desk, case: Case, row: int, values: Mapping[str, str | None]) -> tuple[list[Edit], str | None]:
    """These values beside what a correction under way proposes already, and the digest of that one.

    So corrections of several rows become one proposal, on which people agree as a whole.
    """
    before = under_way(desk, case)
    if before is None:
        return [Edit(row=row, values=values)], None
    proposed = document_of(desk, before).records if before.act is Act.CORRECT else {}
    edits = [Edit(row=int(other), record=text) for other, text in proposed.items() if int(other) != row]
    return [*edits, Edit(row=row, values=values, record=proposed.get(str(row)))], before.digest


def _place(text: str) -> tuple[str, int]:
    case, _, row = text.rpartition(":")
    if not row.isdecimal() or len(row) > _MOST_DIGITS:
        raise UsageError("The form names a row that is none. Next: open the page again.")
    return case, int(row)


def _text(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _texts(form: FormData, name: str) -> Sequence[str]:
    return [value for value in form.getlist(name) if isinstance(value, str)]

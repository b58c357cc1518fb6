"""One row of a case as its page shows it: faults, the record laid out, what is proposed, what stands around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from headgate.check.originals import original_records, records_of_lines
from headgate.core.cases import Act, Case
from headgate.core.decision_document import DecisionDocument
from headgate.core.errors import HeadgateError
from headgate.core.flow import Flow
from headgate.core.records import Delivery
from headgate.deciding.desk import Desk
from headgate.serve.around_rows import Neighbour, Published, around
from headgate.serve.case_rows import HeldRow, one_row
from headgate.serve.record_form import Field, Layout, is_personal, lay_out, read_record, told, value_at
from headgate.web.case_words import ReasonLine, Words, leading, read_columns, reason_line

_MOST_NEAR = 6  # columns of rows around, where no table tells which
_MOST_DIFFS = 20  # corrected rows that are shown in full


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A case with what it is about."""

    desk: Desk
    case: Case
    flow: Flow
    origin: Delivery
    words: Words
    document: DecisionDocument | None  # of the decision under way

    @property
    def proposed(self) -> Mapping[str, str]:
        """Records that a correction under way proposes, by row."""
        return self.document.records if self.document is not None and self.document.act is Act.CORRECT else {}


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """A reason of a row with the field it is about."""

    id: str  # of its words on the page
    line: ReasonLine
    field: Field | None
    reads: tuple[tuple[str, str], ...]  # what the rule reads, and what stands there


class Near(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the file near this one."""

    row: int
    verdict: str
    this: bool
    values: tuple[str, ...]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a case, laid out."""

    row: int
    name: str
    held: HeldRow
    faults: tuple[Fault, ...]
    layout: Layout | None  # None: the text is no record that can be laid out
    proposed: tuple[tuple[str, str, str], ...]  # path, before and after, of what a correction under way proposes
    unmasked: bool
    before: int | None
    after: int | None
    size_bytes: int
    near: tuple[Near, ...]
    near_columns: tuple[str, ...]
    published: tuple[Published, ...]

    @property
    def first_field(self) -> str:
        """Path of the field to begin with: of the first fault that has one, else the first that a rule read."""
        if self.layout is None:
            return ""
        fields = {field.path for field in self.layout.fields() if field.editable}
        named = [fault.field.path for fault in self.faults if fault.field is not None]
        read = [path for fault in self.faults for path, _ in fault.reads]
        return next((path for path in (*named, *read, *sorted(fields)) if path in fields), "")

    @property
    def faulty(self) -> dict[str, str]:
        """Id of the words about each faulty field."""
        return {fault.field.path: fault.id for fault in self.faults if fault.field is not None}


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """What a correction writes into one row."""

    row: int
    changes: tuple[tuple[str, str, str], ...]  # path, before, after


def read_row(subject: Subject, row: int, *, unmasked: bool) -> Row:
    """A row of the case; NotFoundError where it does not wait there any more."""
    case, words, platform = subject.case, subject.words, subject.desk.platform
    with around(platform, subject.flow, case) as tables:
        held = tables.held(row)
        text = _text(subject, held)
        original = read_record(text) or {}
        key = [value_at(original, words.contract, path) for path in words.contract.key]
        before, after = tables.place(row)
        near, columns = _near(subject, tables.neighbours(row), row)
        published = tuple(tables.published_under(key))
    layout = _laid_out(subject, held, text, unmasked=unmasked)
    named = bool(key) and all(key) and not any(is_personal(words.contract, path) for path in words.contract.key)
    return Row(
        row=row,
        name=told(", ".join(part or "" for part in key)) if named else f"Row {row:,}",
        held=held,
        faults=tuple(_faults(subject, held, layout, original, unmasked=unmasked)),
        layout=layout,
        proposed=_changes(subject.flow, original, layout, unmasked=unmasked),
        unmasked=unmasked,
        before=before,
        after=after,
        size_bytes=len((held.record or "").encode("utf-8", "surrogatepass")),
        near=near,
        near_columns=columns,
        published=published,
    )


def read_layout(subject: Subject, row: int, *, unmasked: bool) -> tuple[HeldRow, Layout | None]:
    """A row of the case, laid out as it stands or as a correction under way proposes it."""
    held = one_row(subject.desk.platform, subject.case, row)
    return held, _laid_out(subject, held, _text(subject, held), unmasked=unmasked)


def _laid_out(subject: Subject, held: HeldRow, text: str, *, unmasked: bool) -> Layout | None:
    record = read_record(subject.proposed.get(str(held.row)) or text)
    faulty = [reason["column"] for reason in held.reasons]
    return None if record is None else lay_out(record, subject.flow.contract, faulty=faulty, unmasked=unmasked)


def read_diffs(subject: Subject, *, unmasked: bool) -> tuple[Diff, ...]:
    """What a correction under way writes, of its first rows."""
    rows = sorted(map(int, subject.proposed))[:_MOST_DIFFS]
    if not rows:
        return ()
    contract = subject.flow.contract
    try:
        originals = original_records(subject.desk.platform, subject.flow, subject.origin, np.array(rows)).records
    except HeadgateError:
        return ()
    diffs = []
    for row in rows:
        after, before = read_record(subject.proposed[str(row)]), read_record(originals.get(row))
        layout = None if after is None else lay_out(after, contract, unmasked=unmasked)
        diffs.append(Diff(row=row, changes=_changes(subject.flow, before or {}, layout, unmasked=unmasked)))
    return tuple(diffs)


def _text(subject: Subject, held: HeldRow) -> str:
    """The record as JSON: a text format's line with the names of its columns, which stand in the delivery."""
    if read_record(held.record) is not None:
        return held.record or ""
    about = subject.desk.platform, subject.flow, subject.origin
    try:
        found = records_of_lines(*about, {held.row: held.record}) if held.record else None
        return (found or original_records(*about, np.array([held.row])).records).get(held.row, "")
    except HeadgateError:  # what cannot be read is shown as it came
        return held.record or ""


def _faults(
    subject: Subject,
    held: HeldRow,
    layout: Layout | None,
    record: Mapping[str, Any],
    *,
    unmasked: bool,
) -> list[Fault]:
    """The heaviest first, of each field the first with its input."""
    words, case = subject.words, subject.case
    weight = {"reject": 0, "hold": 1, "warn": 2}
    lead = leading(case, held.reasons)
    ordered = sorted(held.reasons, key=lambda one: (weight.get(one["consequence"], 3), one is not lead))
    faults, taken = [], set()
    for place, reason in enumerate(ordered):
        field = layout.field(reason["column"]) if layout is not None and reason["column"] else None
        if field is not None and (field.path in taken or not field.known):
            field = None
        if field is not None:
            taken.add(field.path)
        paths = [path for path in read_columns(words, reason["rule"]) if path != reason["column"]]
        read = tuple((path, told(value_at(record, words.contract, path))) for path in paths)
        line = reason_line(words, reason, unmasked=unmasked)
        faults.append(Fault(id=f"why-{place}", line=line, field=field, reads=read))
    return faults


def _changes(
    flow: Flow, original: Mapping[str, Any], layout: Layout | None, *, unmasked: bool
) -> tuple[tuple[str, str, str], ...]:
    """Fields of what is proposed that differ from the record as it came."""
    if layout is None:
        return ()
    came = lay_out(original, flow.contract, unmasked=True)
    fields = {field.path: field for field in came.fields()}
    changes = []
    for field in layout.fields():
        before = fields.get(field.path)
        was = before.value if before is not None else None
        if was == field.value:
            continue
        hidden = field.personal and not unmasked
        changes.append((field.path, "masked" if hidden else told(was), "masked" if hidden else told(field.value)))
    return tuple(changes)


def _near(subject: Subject, found: Sequence[Neighbour], row: int) -> tuple[tuple[Near, ...], tuple[str, ...]]:
    """Rows around a row in the columns that the published table has, so that they can be compared."""
    words = subject.words
    columns = next((tuple(one.values) for one in found if one.values), ())
    if not columns:
        columns = tuple(
            column.path.replace(".", "_")
            for column in words.contract.walk()
            if not column.children
            and column.element is None
            and "[]" not in column.path
            and not is_personal(words.contract, column.path)
        )[:_MOST_NEAR]
    return tuple(_near_row(words, one, columns, this=one.row == row) for one in found), columns


def _near_row(words: Words, one: Neighbour, columns: Sequence[str], *, this: bool) -> Near:
    if one.values:
        values = tuple(told(one.values.get(name)) for name in columns)
    else:
        record = read_record(one.record) or {}
        columns_ = [column for column in words.contract.walk() if "[]" not in column.path]
        named = Counter(column.name for column in columns_)
        paths = {column.name: column.path for column in columns_ if named[column.name] == 1}
        paths |= {column.path.replace(".", "_"): column.path for column in columns_}
        values = tuple(
            told(value_at(record, words.contract, paths[name]))
            if name in paths and not is_personal(words.contract, paths[name])
            else ""
            for name in columns
        )
    return Near(row=one.row, verdict=one.verdict, this=this, values=values)

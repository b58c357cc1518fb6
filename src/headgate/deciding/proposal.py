"""What a decision says of the rows that were chosen: rules that are waived, records as they shall stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from headgate.check.originals import Originals, original_records
from headgate.core.cases import Act
from headgate.core.contract import RuleKind
from headgate.core.decision_document import DecisionDocument, Rows, Waiver, as_ranges, as_rows
from headgate.core.errors import UsageError
from headgate.core.flow import Flow
from headgate.core.platform import Platform
from headgate.core.record_edits import edited
from headgate.core.record_elements import FAULTY, Reason, names_elements, put_in_elements
from headgate.core.records import Delivery
from headgate.core.replacing import replace
from headgate.serve.case_rows import Selected, held_reasons


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """What shall stand in a row: values by path, or the whole record as JSON text."""

    row: int
    values: Mapping[str, str | None] = {}
    record: str | None = None


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A document, and how many elements of lists a correction puts a value into, by row."""

    document: DecisionDocument
    elements: Mapping[int, int] = {}


def with_rows(
    platform: Platform,
    base: DecisionDocument,
    flow: Flow,
    origin: Delivery,
    *,
    chosen: Selected,
    edits: Sequence[Edit],
    every: Mapping[str, str | None] | None,
) -> Made:
    """The document with the chosen rows, and what shall become of each."""
    rows = as_ranges(chosen.rows)
    if base.act is Act.RELEASE:
        return Made(document=replace(base, rows=rows, waives=_waivers(flow, chosen)))
    if base.act is Act.REJECT:
        return Made(document=replace(base, rows=rows))
    reasons: dict[int, list[Reason]] = {}
    if any(FAULTY in path for path in (*(every or ()), *(path for edit in edits for path in edit.values))):
        reasons = held_reasons(platform, flow.name, delivery=origin.id, case=base.case, rows=chosen.rows)
    originals = original_records(platform, flow, origin, chosen.rows)
    records, elements = _proposed(flow, originals, chosen.rows, edits=edits, every=every or {}, reasons=reasons)
    return Made(document=replace(base, rows=rows, records=records), elements=elements)


def _waivers(flow: Flow, chosen: Selected) -> tuple[Waiver, ...]:
    rules = {rule.id: rule for rule in flow.contract.rules}
    waivers = []
    for shown, rows in chosen.rules:
        for rule in shown:
            if rule in rules and rules[rule].kind is RuleKind.KEY:
                raise UsageError(
                    f"{len(rows)} of the rows have a key that another row was published with; two rows of one key "
                    "cannot both stand, so this is never released. Next: correct the key, or reject the rows."
                )
        named = tuple((rule, rules[rule].digest if rule in rules else flow.contract.digest) for rule in shown)
        waivers.append(Waiver(rules=named, rows=as_ranges(rows)))
    return tuple(waivers)


def _proposed(
    flow: Flow,
    originals: Originals,
    rows: Rows,
    *,
    edits: Sequence[Edit],
    every: Mapping[str, str | None],
    reasons: Mapping[int, Sequence[Reason]],
) -> tuple[dict[str, str], dict[int, int]]:
    """Each record as it shall stand, and the elements of lists that were set in it."""
    by_row = {edit.row: edit for edit in edits}
    if len(by_row) < len(edits):
        twice = next(edit.row for edit in edits if by_row[edit.row] is not edit)
        raise UsageError(f"row {twice} is edited twice; nothing was proposed. Next: say once what shall stand in it.")
    proposed: dict[str, str] = {}
    elements: dict[int, int] = {}
    for row in rows.tolist():
        edit = by_row.get(row, Edit(row=row))
        text = edit.record if edit.record is not None else originals.records[row]
        changes = {**every, **edit.values}
        single = {path: value for path, value in changes.items() if not names_elements(path)}
        text = edited(text, single, flow.contract, typed=originals.typed)
        for path in changes.keys() - single.keys():
            text, count = put_in_elements(
                text, path, changes[path], flow.contract, typed=originals.typed, reasons=reasons.get(row, ())
            )
            elements[row] = elements.get(row, 0) + count
        proposed[str(row)] = text
        _require_record(proposed[str(row)], row, like=None if originals.typed else originals.records[row])
    if missing := sorted(by_row.keys() - set(rows.tolist())):
        raise UsageError(f"row {missing[0]} does not wait in this case; nothing was proposed.")
    return proposed, elements


def _require_record(text: str, row: int, *, like: str | None) -> None:
    """`like` is the record of a text format as it came: another of the same file has the same columns."""
    wanted: Any = dict[str, Any] if like is None else dict[str, str | None]
    try:
        record = msgspec.json.decode(text, type=wanted)
    except msgspec.ValidationError as error:
        which = "an object" if like is None else "an object of texts"
        raise UsageError(f"the record of row {row} is not {which}: {error}. Nothing was proposed.") from error
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise UsageError(f"the record proposed for row {row} cannot be read: {error}. Nothing was proposed.") from error
    if like is not None and (unknown := sorted(record.keys() - msgspec.json.decode(like).keys())):
        raise UsageError(f"the file has no column {unknown[0]!r}; nothing was proposed.")


def only(document: DecisionDocument, passing: Rows) -> DecisionDocument:
    """The document for the rows that would pass; the others stay held."""
    waives = tuple(
        replace(waiver, rows=as_ranges(np.intersect1d(as_rows(waiver.rows), passing, assume_unique=True)))
        for waiver in document.waives
    )
    records = {str(row): document.records[str(row)] for row in passing.tolist()} if document.records else {}
    return replace(
        document, rows=as_ranges(passing), waives=tuple(waiver for waiver in waives if waiver.rows), records=records
    )

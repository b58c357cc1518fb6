"""Rows of a section -> what its form shows: bars, cells, findings, figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches

import msgspec

from headgate.serve import report_numbers as numbers
from headgate.serve.report_definition import (
    BarsForm,
    ColumnsForm,
    FiguresForm,
    FindingsForm,
    Form,
    TableForm,
)
from headgate.serve.report_formats import Value, show
from headgate.serve.report_key_figures import KeyFigureShown, show_figures
from headgate.serve.report_sentence import Span, Template, Words, fill, plain
from headgate.serve.report_sql import SqlError

Row = Mapping[str, Value]

_LONGEST_CELL = 80  # characters


class DayBar(msgspec.Struct, frozen=True, kw_only=True):
    """One day of a column chart."""

    day: date
    value: Decimal
    unfinished: bool


class NamedBar(msgspec.Struct, frozen=True, kw_only=True):
    """One name of a bar chart."""

    label: str
    value: Decimal | None  # None: not known
    unfinished: bool


class ShownFigures(msgspec.Struct, frozen=True, kw_only=True):
    """A row of key figures."""

    figures: tuple[KeyFigureShown, ...]


class ShownColumns(msgspec.Struct, frozen=True, kw_only=True):
    """A series by day, in the order of the days."""

    bars: tuple[DayBar, ...]
    unit: str
    unfinished_note: str


class ShownBars(msgspec.Struct, frozen=True, kw_only=True):
    """A series by name, in the order of the rows."""

    bars: tuple[NamedBar, ...]
    unit: str
    highlight: bool


class ShownTable(msgspec.Struct, frozen=True, kw_only=True):
    """Cells as text, a tuple a row."""

    form: TableForm
    cells: tuple[tuple[str, ...], ...]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a scored list."""

    score: str
    finding: Words
    detail: Words | None
    outcome: Words | None


class ShownFindings(msgspec.Struct, frozen=True, kw_only=True):
    """A scored list."""

    findings: tuple[Finding, ...]


Shown = ShownFigures | ShownColumns | ShownBars | ShownTable | ShownFindings


def read_form(form: Form, rows: Sequence[Row], values: Row, currency: str) -> Shown:
    """The rows in the section's form; raises SqlError for a column that is missing or of another type."""
    match form:
        case ColumnsForm():
            return _columns(form, rows, values, currency)
        case BarsForm():
            bars = tuple(_named_bar(form, row) for row in rows)
            return ShownBars(bars=bars, unit=form.unit, highlight=form.highlight)
        case TableForm():
            return ShownTable(form=form, cells=tuple(_cells(form, row, currency) for row in rows))
        case FindingsForm():
            return ShownFindings(findings=tuple(_finding(form, row, values, currency) for row in rows))
        case FiguresForm():
            row = rows[0] if rows else {}
            return ShownFigures(figures=show_figures(form.figures, {**values, **row}, currency) if rows else ())


def series_values(shown: Shown, currency: str) -> dict[str, Value]:
    """What a subtitle may name beside the values: the sum of a series, its scale in words, first and last day."""
    if not isinstance(shown, ShownColumns | ShownBars):
        return {}
    known = [bar.value for bar in shown.bars if bar.value is not None]
    about: dict[str, Value] = {"sum": sum(known, Decimal(0)), "scale": scale_words(known, shown.unit or currency)}
    if isinstance(shown, ShownColumns):
        about |= {
            "first": shown.bars[0].day if shown.bars else None,
            "last": shown.bars[-1].day if shown.bars else None,
        }
    return about


def scale_words(known: list[Decimal], unit: str) -> str:
    """`million EUR`: what the numbers at the bars count."""
    return " ".join(part for part in (numbers.scale_of(known)[1], unit) if part)


def _columns(form: ColumnsForm, rows: Sequence[Row], values: Row, currency: str) -> ShownColumns:
    bars = []
    for row in rows:
        day = _cell(row, form.day)
        if not isinstance(day, date):
            raise SqlError(f"column {form.day} must be a date, and holds {day!r}. Cast it to DATE and leave NULL out.")
        value = _decimal(row, form.value)
        if value is not None:
            day = day.date() if isinstance(day, datetime) else day
            bars.append(DayBar(day=day, value=value, unfinished=_flag(row, form.unfinished)))
    bars.sort(key=lambda bar: bar.day)
    if len({bar.day for bar in bars}) < len(bars):
        raise SqlError(f"column {form.day} holds a day twice; group by it.")
    note = fill(form.unfinished_note, values, currency) if form.unfinished_note else None
    return ShownColumns(bars=tuple(bars), unit=form.unit, unfinished_note=plain(note) if note else "")


def _named_bar(form: BarsForm, row: Row) -> NamedBar:
    label = _cell(row, form.label)
    return NamedBar(
        label="not given" if label is None else show(label, "text", ""),
        value=_decimal(row, form.value),
        unfinished=_flag(row, form.unfinished),
    )


def _cells(form: TableForm, row: Row, currency: str) -> tuple[str, ...]:
    cells = []
    for column in form.columns:
        value = _cell(row, column.name)
        try:
            cells.append(_cut(show(value, column.format, currency)))
        except TypeError as error:
            raise SqlError(f"column {column.name} as {column.format} needs {error}, and holds {value!r}.") from error
    return tuple(cells)


def _cut(text: str) -> str:
    """A name that would fill the page is cut; the document holds all of it."""
    return text if len(text) <= _LONGEST_CELL else text[: _LONGEST_CELL - 1].rstrip() + "\u2026"


def _finding(form: FindingsForm, row: Row, values: Row, currency: str) -> Finding:
    score = _decimal(row, form.score)

    def words(template: Template | None) -> Words | None:
        return fill(template, {**values, **row}, currency) if template else None

    return Finding(
        score=numbers.DASH if score is None else numbers.fixed(score, 1),
        finding=words(form.finding) or (Span(text=numbers.DASH),),
        detail=words(form.detail),
        outcome=words(form.outcome),
    )


def _cell(row: Row, name: str) -> Value:
    if name not in row:
        near = get_close_matches(name, row, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"It has: {', '.join(row)}."
        raise SqlError(f"the result has no column {name!r}. {hint}")
    return row[name]


def _decimal(row: Row, name: str) -> Decimal | None:
    value = _cell(row, name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise SqlError(f"column {name} must be a number, and holds {value!r}.")
    return numbers.exact(value)


def _flag(row: Row, name: str) -> bool:
    return bool(name) and _cell(row, name) is True

"""What report.yaml says once it is read: sentences, key figures, sections and their forms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from headgate.serve.report_sentence import Template


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence with the condition under which it says something."""

    text: Template | None  # None where `use` names a standard one
    use: str = ""  # name of a standard sentence
    sql: str = ""  # SELECT of one row whose columns the sentence may name; no row: nothing is said
    when: str = ""  # SQL condition over that row, or over the named values where there is no `sql`


class KeyFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of a row of key figures."""

    label: str
    value: Template
    unit: str = ""
    note: Template | None = None


class FiguresForm(msgspec.Struct, frozen=True, kw_only=True):
    """A row of key figures, filled from the one row of the SQL."""

    figures: tuple[KeyFigure, ...]


class ColumnsForm(msgspec.Struct, frozen=True, kw_only=True):
    """Bars by day, standing."""

    day: str  # column with the date
    value: str  # column with the number
    unit: str  # EUR; empty for a count
    unfinished: str = ""  # boolean column: the period is not over
    unfinished_note: Template | None = None  # under its bar: to {now:time}


class BarsForm(msgspec.Struct, frozen=True, kw_only=True):
    """Bars by name, lying."""

    label: str
    value: str
    unit: str
    unfinished: str = ""
    highlight: bool = False  # the highest in full colour


class TableColumn(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a table."""

    name: str  # in the result
    head: str
    format: str = "text"
    strong: bool = False


class TableForm(msgspec.Struct, frozen=True, kw_only=True):
    """A table; its first column names the row."""

    columns: tuple[TableColumn, ...]


class FindingsForm(msgspec.Struct, frozen=True, kw_only=True):
    """A scored list: what was found, what explains it, and what was done with it."""

    score: str  # column with the number, highest first
    finding: Template
    detail: Template | None = None
    outcome: Template | None = None


Form = FiguresForm | ColumnsForm | BarsForm | TableForm | FindingsForm


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One section of a report: a title, one SELECT, and a form."""

    id: str  # anchor in the page and key in the document
    title: str
    sql: str
    form: Form
    subtitle: Template | None = None  # may also name {shown}, {total}, {sum} and {scale}
    half: bool = False  # two neighbours of half width stand side by side
    limit: int = 12  # rows that are shown
    empty: str = "Nothing is published yet. It fills with the first publication."


class ReportDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """The flow's part of a report. Empty: the parts that every flow has."""

    digest: str = ""  # SHA-256 of report.yaml
    currency: str = ""
    values: tuple[
        tuple[str, str], ...
    ] = ()  # name of the query -> SELECT of one row; its columns are values everywhere
    headline: tuple[Sentence, ...] = ()  # the first that holds
    lead: tuple[Sentence, ...] = tuple(
        Sentence(text=None, use=name) for name in ("balance", "failed", "held", "attention")
    )
    insights: tuple[Sentence, ...] = ()
    figures: tuple[KeyFigure, ...] = ()
    sections: tuple[Section, ...] = ()
    limited: frozenset[str] = frozenset()  # those of its SELECTs that have a LIMIT of their own


class ReportTree(msgspec.Struct, frozen=True, kw_only=True):
    """What report.yaml holds, as it stands there, once it was looked at."""

    tree: Mapping[str, Any]
    limited: frozenset[str]

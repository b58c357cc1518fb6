"""The figures and sentences of one report, before any page is drawn: what JSON and HTML are both made from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import msgspec

from headgate.core.errors import FlowError, Problem
from headgate.core.replacing import replace
from headgate.core.side_by_side import side_by_side
from headgate.serve import report_standard as standard
from headgate.serve.report_definition import KeyFigure, ReportDefinition, Section, Sentence
from headgate.serve.report_facts import RunFacts
from headgate.serve.report_formats import Value
from headgate.serve.report_forms import Shown, read_form, series_values
from headgate.serve.report_key_figures import KeyFigureShown, show_figures
from headgate.serve.report_sentence import SentenceError, Words, fill
from headgate.serve.report_sql import Query, SqlError, bind, count_rows, first_rows, read_rows, where

Row = Mapping[str, Value]


class SectionFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One section: its rows as they came, and how they are told."""

    section: Section
    rows: tuple[Row, ...]  # those shown
    total: int  # rows that the SELECT gives
    subtitle: Words | None
    shown: Shown


class ReportFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a report says."""

    facts: RunFacts
    definition: ReportDefinition
    values: Row  # of the definition's named queries
    headline: Words
    lead: tuple[Words, ...]
    insights: tuple[Words, ...]
    key_figures: tuple[KeyFigureShown, ...]
    sections: tuple[SectionFigures, ...]


_Result = TypeVar("_Result")


class _Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where figures come from; each error is told with its place in report.yaml."""

    queries: Sequence[Query]
    facts: RunFacts
    definition: ReportDefinition
    document: str
    personal: frozenset[str]
    values: Row
    parameters: Mapping[str, object]

    @property
    def currency(self) -> str:
        return self.definition.currency

    def select(self, sql: str) -> tuple[Row, ...]:
        return read_rows(self.queries[0](sql, bind(sql, self.parameters)), self.personal)

    def each(self, tasks: Sequence[Callable[[_Source], _Result]]) -> list[_Result]:
        """Results of the tasks in their order; each task gets a source whose query no other thread uses."""
        return side_by_side([replace(self, queries=(query,)) for query in self.queries], tasks)

    def first(self, sql: str, limit: int) -> tuple[Row, ...]:
        """The first rows; all that it gives where a SELECT has a LIMIT of its own."""
        return self.select(sql if sql in self.definition.limited else first_rows(sql, limit))


def gather(
    facts: RunFacts,
    definition: ReportDefinition,
    queries: Sequence[Query],
    *,
    document: str,
    personal: Collection[str] = (),
) -> ReportFigures:
    """Runs the definition's SQL and fills its sentences; each of the queries has a thread of its own.

    `document` names report.yaml in messages; `personal` are the columns that no result may have. Raises FlowError where
    a result does not fit what the definition says of it; what a query raises goes through, with the place as a note. Of
    several errors the first in the definition's order is raised.
    """
    source = _Source(
        queries=queries,
        facts=facts,
        definition=definition,
        document=document,
        personal=frozenset(personal),
        values=standard.fact_values(facts),
        parameters=standard.sql_values(facts),
    )
    values = _named_values(source)
    source = _with_values(source, values)
    return ReportFigures(
        facts=facts,
        definition=definition,
        values=values,
        headline=_headline(source),
        lead=_sentences(source, definition.lead, "lead"),
        insights=_sentences(source, definition.insights, "insights"),
        key_figures=_key_figures(source, definition.figures, "figures", {}),
        sections=tuple(source.each([partial(_section, index=index) for index in range(len(definition.sections))])),
    )


def _located(source: _Source, place: str, read: Callable[[], _Result]) -> _Result:
    try:
        return read()
    except (SqlError, SentenceError) as error:
        raise FlowError(source.document, [Problem(where=place, what=str(error))]) from error
    except Exception as error:
        error.add_note(f"in {source.document}, {place}")
        raise


def _named_values(source: _Source) -> dict[str, Value]:
    values: dict[str, Value] = {}
    rows = source.each([partial(_named_row, name=name, sql=sql) for name, sql in source.definition.values])
    for (name, _), row in zip(source.definition.values, rows, strict=True):
        twins = sorted(set(row) & ({*values} | {*source.values}))
        if twins:
            problem = Problem(
                where=f"values.{name}", what=f"gives {twins[0]}, which is given already.", fix="Rename it."
            )
            raise FlowError(source.document, [problem])
        values |= row
    return values


def _named_row(source: _Source, name: str, sql: str) -> Row:
    return _located(source, f"values.{name}", partial(_one_row, source, sql))


def _one_row(source: _Source, sql: str) -> Row:
    rows = source.first(sql, 2)
    if len(rows) != 1:
        raise SqlError(
            f"gives {'no row' if not rows else 'more than one row'}; it must give one. Aggregate, or add LIMIT 1."
        )
    return rows[0]


def _with_values(source: _Source, values: Row) -> _Source:
    bound = {name: _naive(value) for name, value in values.items()}
    return replace(source, values={**source.values, **values}, parameters={**source.parameters, **bound})


def _naive(value: Value) -> Value:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def _headline(source: _Source) -> Words:
    """The first that holds; what comes after it is not asked for."""
    for index, sentence in enumerate(source.definition.headline):
        if (words := _sentence(source, sentence, f"headline[{index}]")) is not None:
            return words
    return standard.headline(source.facts)


def _sentences(source: _Source, sentences: Sequence[Sentence], part: str) -> tuple[Words, ...]:
    said = source.each(
        [partial(_sentence, sentence=one, place=f"{part}[{index}]") for index, one in enumerate(sentences)]
    )
    return tuple(words for words in said if words is not None)


def _sentence(source: _Source, sentence: Sentence, place: str) -> Words | None:
    return _located(source, place, partial(_say, source, sentence))


def _say(source: _Source, sentence: Sentence) -> Words | None:
    if sentence.text is None:
        return standard.STANDARD[sentence.use](source.facts)
    row: Row = {}
    if sentence.sql or sentence.when:
        sql = sentence.sql or "SELECT 1 AS said"
        rows = source.select(where(sql, sentence.when, 2)) if sentence.when else source.first(sql, 2)
        if not rows:
            return None
        if len(rows) > 1:
            raise SqlError("gives more than one row; a sentence is about one. Add LIMIT 1 after an ORDER BY.")
        row = rows[0]
    return fill(sentence.text, {**source.values, **row}, source.currency)


def _key_figures(source: _Source, figures: Sequence[KeyFigure], place: str, row: Row) -> tuple[KeyFigureShown, ...]:
    return _located(source, place, lambda: show_figures(figures, {**source.values, **row}, source.currency))


def _section(source: _Source, index: int) -> SectionFigures:
    section = source.definition.sections[index]
    return _located(source, f"sections[{index}] ({section.id})", partial(_read_section, source, section))


def _read_section(source: _Source, section: Section) -> SectionFigures:
    rows = source.first(section.sql, section.limit)[: section.limit]
    total = len(rows) if len(rows) < section.limit else int(str(source.select(count_rows(section.sql))[0]["n"]))
    shown = read_form(section.form, rows, {**source.values}, source.currency)
    about = {"shown": len(rows), "total": total, **series_values(shown, source.currency)}
    subtitle = fill(section.subtitle, {**source.values, **about}, source.currency) if section.subtitle else None
    return SectionFigures(section=section, rows=rows, total=total, subtitle=subtitle, shown=shown)

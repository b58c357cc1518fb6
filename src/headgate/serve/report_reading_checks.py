"""What must hold in report.yaml beyond its shape: SQL, sentences, names that occur once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from headgate.core.errors import Problem
from headgate.serve.report_sentence import SentenceError, read_template
from headgate.serve.report_sql import PARAMETERS, SqlError
from headgate.serve.report_sql_checks import check_sql

Node = dict[str, Any]

RESERVED = frozenset({"trust", "deliveries", "made"})
"""Anchors of the sections that every report has."""

_TEMPLATES = ("text", "value", "note", "subtitle", "unfinished_note", "finding", "detail", "outcome")
_LISTS = frozenset({"columns", "bars", "table", "findings"})


def check_document(tree: Node, personal: Collection[str]) -> Iterator[Problem]:
    """All problems of a document whose shape is right."""
    for name, sql in tree.get("values", {}).items():
        yield from _sql(sql, f"values.{name}", personal=personal)
    for part in ("headline", "lead", "insights"):
        for index, node in enumerate(tree.get(part, [])):
            yield from _sentence(node, f"{part}[{index}]", personal)
    for index, node in enumerate(tree.get("figures", [])):
        yield from _templates(node, f"figures[{index}]")
    yield from _twins(tree.get("sections", []))
    for index, node in enumerate(tree.get("sections", [])):
        yield from _section(node, f"sections[{index}]", personal)


def selects(tree: Node) -> Iterator[str]:
    """Every SELECT of a document."""
    yield from tree.get("values", {}).values()
    for part in ("headline", "lead", "insights", "sections"):
        yield from (node["sql"] for node in tree.get(part, []) if "sql" in node)


def _sentence(node: Node, where: str, personal: Collection[str]) -> Iterator[Problem]:
    if ("text" in node) == ("use" in node):
        yield Problem(
            where=where, what="has not exactly one of text and use.", fix="Write a text, or use a standard one."
        )
    yield from _templates(node, where)
    if "sql" in node:
        yield from _sql(node["sql"], f"{where}.sql", personal=personal)
    if "when" in node:
        # A condition may bind the flow's own values as well, and those are known only once they are read.
        yield from _sql(
            f"SELECT 1 AS said WHERE (\n{node['when']}\n)", f"{where}.when", personal=personal, any_name=True
        )


def _section(node: Node, where: str, personal: Collection[str]) -> Iterator[Problem]:
    if node["id"] in RESERVED:
        yield Problem(
            where=f"{where}.id", what=f"{node['id']!r} is taken by a part of every report.", fix="Choose another."
        )
    yield from _sql(node["sql"], f"{where}.sql", personal=personal, ordered=node["form"] in _LISTS)
    yield from _templates(node, where)
    for index, figure in enumerate(node.get("figures", [])):
        yield from _templates(figure, f"{where}.figures[{index}]")


def _templates(node: Node, where: str) -> Iterator[Problem]:
    for key in _TEMPLATES:
        source = node.get(key)
        if source is None or (key == "value" and "form" in node):
            continue
        try:
            read_template(source)
        except SentenceError as error:
            yield Problem(where=f"{where}.{key}", what=str(error))


def _sql(
    sql: str, where: str, *, personal: Collection[str], ordered: bool = False, any_name: bool = False
) -> Iterator[Problem]:
    try:
        check_sql(sql, parameters=None if any_name else PARAMETERS, personal=personal, ordered=ordered)
    except SqlError as error:
        yield Problem(where=where, what=str(error))


def _twins(sections: list[Node]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, node in enumerate(sections):
        if node["id"] in seen:
            yield Problem(where=f"sections[{index}].id", what=f"{node['id']!r} stands twice.", fix="Give each its own.")
        seen.add(node["id"])

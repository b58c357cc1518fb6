"""report.yaml -> ReportDefinition: all problems at once, each with its place and the next step."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import jsonschema_rs
import yaml

from headgate.core.errors import FlowError, Problem
from headgate.serve.report_definition import (
    BarsForm,
    ColumnsForm,
    FiguresForm,
    FindingsForm,
    Form,
    KeyFigure,
    ReportDefinition,
    Section,
    Sentence,
    TableColumn,
    TableForm,
)
from headgate.serve.report_reading_checks import check_document
from headgate.serve.report_schema import DOCUMENT, FORMS
from headgate.serve.report_sentence import Template, read_template

Node = dict[str, Any]


def read_definition(content: bytes, *, document: str, personal: Collection[str] = ()) -> ReportDefinition:
    """YAML -> definition. `document` is the name for messages, `personal` the columns that no report may show.

    Raises FlowError with every problem found.
    """
    tree = _load(content, document)
    problems = list(_shape_problems(tree)) or list(check_document(tree, personal))
    if problems:
        raise FlowError(document, problems)
    given: dict[str, Any] = {}
    if "lead" in tree:
        given["lead"] = _sentences(tree["lead"])
    return ReportDefinition(
        digest=hashlib.sha256(content).hexdigest(),
        currency=tree.get("currency", ""),
        values=tuple(tree.get("values", {}).items()),
        headline=_sentences(tree.get("headline", [])),
        insights=_sentences(tree.get("insights", [])),
        figures=_figures(tree.get("figures", [])),
        sections=tuple(_section(node) for node in tree.get("sections", [])),
        **given,
    )


def _load(content: bytes, document: str) -> Node:
    try:
        tree = yaml.safe_load(content)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else "the file"
        what = f"is no YAML: {getattr(error, 'problem', None) or error}."
        raise FlowError(
            document, [Problem(where=where, what=what, fix="Quote texts that hold : or { or #.")]
        ) from error
    if not isinstance(tree, dict):
        raise FlowError(document, [Problem(where="the file", what="is no mapping.", fix="Begin with `report: 1`.")])
    return tree


def _shape_problems(tree: Node) -> Iterator[Problem]:
    top = list(_problems(DOCUMENT, tree, ()))
    yield from top
    if any(problem.where.startswith("sections") for problem in top) or not isinstance(tree.get("sections", []), list):
        return
    for index, node in enumerate(tree.get("sections", [])):
        yield from _problems(FORMS[node["form"]], node, ("sections", index))


def _problems(schema: Node, instance: object, above: tuple[str | int, ...]) -> Iterator[Problem]:
    for error in jsonschema_rs.validator_for(schema).iter_errors(instance):
        yield Problem(
            where=_place((*above, *error.instance_path)),
            what=f"{error.message}.",
            fix="The keys of each form stand in docs/report.md.",
        )


def _place(path: Sequence[str | int]) -> str:
    """('sections', 2, 'form') -> sections[2].form."""
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return steps.lstrip(".") or "the file"


def _template(source: str | None) -> Template | None:
    return None if source is None else read_template(source)


def _sentences(nodes: Sequence[Node]) -> tuple[Sentence, ...]:
    return tuple(
        Sentence(
            text=_template(node.get("text")),
            use=node.get("use", ""),
            sql=node.get("sql", ""),
            when=node.get("when", ""),
        )
        for node in nodes
    )


def _figures(nodes: Sequence[Node]) -> tuple[KeyFigure, ...]:
    return tuple(
        KeyFigure(
            label=node["label"],
            value=read_template(node["value"]),
            unit=node.get("unit", ""),
            note=_template(node.get("note")),
        )
        for node in nodes
    )


def _section(node: Node) -> Section:
    defaults = {name: node[name] for name in ("half", "limit", "empty") if name in node}
    return Section(
        id=node["id"],
        title=node["title"],
        sql=node["sql"],
        subtitle=_template(node.get("subtitle")),
        form=_FORM_READERS[node["form"]](node),
        **defaults,
    )


def _read_columns(node: Node) -> ColumnsForm:
    return ColumnsForm(
        day=node["day"],
        value=node["value"],
        unit=node.get("unit", ""),
        unfinished=node.get("unfinished", ""),
        unfinished_note=_template(node.get("unfinished_note")),
    )


def _read_bars(node: Node) -> BarsForm:
    return BarsForm(
        label=node["label"],
        value=node["value"],
        unit=node.get("unit", ""),
        unfinished=node.get("unfinished", ""),
        highlight=node.get("highlight", False),
    )


def _read_table(node: Node) -> TableForm:
    return TableForm(columns=tuple(TableColumn(**column) for column in node["columns"]))


def _read_findings(node: Node) -> FindingsForm:
    return FindingsForm(
        score=node["score"],
        finding=read_template(node["finding"]),
        detail=_template(node.get("detail")),
        outcome=_template(node.get("outcome")),
    )


_FORM_READERS: dict[str, Callable[[Node], Form]] = {
    "figures": lambda node: FiguresForm(figures=_figures(node["figures"])),
    "columns": _read_columns,
    "bars": _read_bars,
    "table": _read_table,
    "findings": _read_findings,
}

"""report.yaml -> ReportDefinition: all problems at once, each with its place and the next step."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from typing import Any

from headgate.core.memo import Memo
from headgate.serve.report_definition import (
    BarsForm,
    ColumnsForm,
    FiguresForm,
    FindingsForm,
    Form,
    KeyFigure,
    ReportDefinition,
    ReportTree,
    Section,
    Sentence,
    TableColumn,
    TableForm,
)
from headgate.serve.report_sentence import Template, read_template

Node = dict[str, Any]


def read_definition(
    content: bytes, *, document: str, personal: Collection[str] = (), memo: Memo | None = None
) -> ReportDefinition:
    """YAML -> definition. `document` is the name for messages, `personal` the columns that no report may show.

    Raises FlowError with every problem found. A text that is in the `memo` was looked at before.
    """
    sha256 = hashlib.sha256(content).hexdigest()

    def read() -> ReportTree:
        # YAML, its schemas and SQLGlot take 0.1 s to import; reports that are remembered do without.
        from headgate.serve.report_tree import read_tree  # noqa: PLC0415

        return read_tree(content, document=document, personal=personal)

    found = (memo or Memo()).result("report", ReportTree, [sha256, sorted(personal)], read)
    tree = found.tree
    given: dict[str, Any] = {}
    if "lead" in tree:
        given["lead"] = _sentences(tree["lead"])
    return ReportDefinition(
        digest=sha256,
        currency=tree.get("currency", ""),
        values=tuple(tree.get("values", {}).items()),
        headline=_sentences(tree.get("headline", [])),
        insights=_sentences(tree.get("insights", [])),
        figures=_figures(tree.get("figures", [])),
        sections=tuple(_section(node) for node in tree.get("sections", [])),
        limited=found.limited,
        **given,
    )


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

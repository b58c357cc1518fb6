"""report.yaml -> the tree that it writes, once nothing is wrong with it: all problems at once, each with its place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import jsonschema_rs
import yaml

from headgate.core.errors import FlowError, Problem
from headgate.serve.report_definition import ReportTree
from headgate.serve.report_reading_checks import check_document, selects
from headgate.serve.report_schema import DOCUMENT, FORMS
from headgate.serve.report_sql_checks import has_limit

Node = dict[str, Any]


def read_tree(content: bytes, *, document: str, personal: Collection[str]) -> ReportTree:
    """The tree, and what reading its SQL tells; FlowError with every problem found."""
    tree = _load(content, document)
    problems = list(_shape_problems(tree)) or list(check_document(tree, personal))
    if problems:
        raise FlowError(document, problems)
    return ReportTree(tree=tree, limited=frozenset(sql for sql in selects(tree) if has_limit(sql)))


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

"""Drafts of rules that are written in SQL: predicates, counted rows, figures of a delivery."""

from __future__ import annotations

import re

from headgate.core.contract import RuleKind, Scope
from headgate.core.contract_drafts import Draft
from headgate.core.contract_sites import Site
from headgate.core.errors import QueryRefusedError
from headgate.core.yaml_cursor import Cursor

OBJECT = "{object}"
"""Stands in a query for the rows of the delivery."""

_RELATION = "headgate_object"
_OLD_PLACEHOLDERS = {"{table}": OBJECT, "{column}": "{property}"}


def predicate_draft(site: Site, place: Cursor, sql: str) -> Draft | None:
    """A predicate over the columns that are visible at the site; None with a problem."""
    # SQLGlot takes 0.2 s to import; contracts without SQL do not need it.
    from headgate.core.predicates import check_predicate  # noqa: PLC0415

    if site.array and not site.visible:
        place.problem("the elements have no columns to name.", "Write a predicate at the record, with a comprehension.")
        return None
    try:
        found = check_predicate(sql, site.visible)
    except QueryRefusedError as error:
        place.problem(str(error))
        return None
    lookups = [
        {"table": lookup.table, "arguments": list(lookup.arguments), "call": lookup.call} for lookup in found.lookups
    ]
    arguments = {
        "sql": sql.strip(),
        "parameters": list(found.parameters),
        "lookups": lookups,
        "guarded": sorted(found.guarded),
        "skipped": [list(pair) for pair in found.skipped],
    }
    return Draft(kind=RuleKind.PREDICATE, scope=site.scope, reads=found.reads, arguments=arguments, array=site.array)


def query_draft(site: Site, entry: Cursor) -> Draft | None:
    """`SELECT count(*) FROM {object} WHERE …` that must be 0 is a predicate on each row; other queries are figures."""
    from headgate.core.selects import counted_condition  # noqa: PLC0415 - as above

    sql = _filled(site, entry)
    try:
        condition = counted_condition(sql, relation=_RELATION)
    except QueryRefusedError as error:
        entry.at("query").problem(str(error))
        return None
    if condition is None:
        return figure_draft(site, entry, operator="=", value="0")
    return predicate_draft(site, entry.at("query"), f"NOT ({condition})")


def figure_draft(site: Site, entry: Cursor, *, operator: str, value: str) -> Draft | None:
    """One number over the delivery and the limit that it must keep."""
    from headgate.core.selects import check_select  # noqa: PLC0415 - as above

    sql = _filled(site, entry)
    try:
        found = check_select(sql, relations={_RELATION})
    except QueryRefusedError as error:
        entry.at("query").problem(str(error))
        return None
    if len(found.columns) != 1 or found.stars:
        entry.at("query").problem("the query gives more than one column.", "Let it give one number.")
        return None
    arguments = {
        "sql": sql.strip().replace(_RELATION, OBJECT),
        "parameters": list(found.parameters),
        "operator": operator,
        "value": value,
    }
    return Draft(kind=RuleKind.FIGURE, scope=Scope.DELIVERY, reads=(), arguments=arguments)


def _filled(site: Site, entry: Cursor) -> str:
    """The query with a name that SQL can read for the object, and the column's own name for the property."""
    sql = entry.word("query")
    for old, new in _OLD_PLACEHOLDERS.items():
        sql = sql.replace(old, new)
    if site.column is not None:
        sql = sql.replace("{property}", site.relative(site.column))
    left = re.search(r"\$\{\w+\}", sql)
    if left:
        entry.at("query").problem(
            f"{left.group()} in a query.", "Write {object} or {property}, and $name for a parameter."
        )
        sql = sql.replace(left.group(), _RELATION)
    return sql.replace(OBJECT, _RELATION)

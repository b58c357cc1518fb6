"""Where the columns of a query's result come from, read from its SQL alone: values, not what filters or joins rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import msgspec
from sqlglot import exp

from headgate.core import sql_text


class Origin(msgspec.Struct, frozen=True, order=True):
    """A column that a value is made from."""

    relation: str  # as the SQL names it; a table parameter by its name
    column: str  # path; empty for a parameter's value, or where no name can be told


class Traced(msgspec.Struct, frozen=True, kw_only=True):
    """A query's result with its origins."""

    columns: Mapping[str, tuple[Origin, ...]]  # in the order of the result; none for a constant or a count
    relations: tuple[str, ...]  # all that the query reads, for filters and joins too


Outputs = dict[str, frozenset[Origin]]
Known = Mapping[str, Collection[str]]
"""Relation -> paths of its columns: customer.email, items[].quantity."""


class _Any(msgspec.Struct, frozen=True):
    """A source whose every column comes from the same: what `unnest` gives."""

    origins: frozenset[Origin]


_Source = Outputs | _Any | str  # of a query inside, of unnest, or the name of a relation


def trace(sql: str, known: Known, parameters: Collection[str] = ()) -> Traced:
    """Follow each column of the result to columns of the relations; `parameters` are tables called as functions.

    QueryRefusedError where the SQL cannot be read.
    """
    tree, _ = sql_text.parse_one(sql)
    reader = _Reader(known, frozenset(parameters))
    columns = {name: tuple(sorted(origins)) for name, origins in reader.outputs(tree, {}).items()}
    return Traced(columns=columns, relations=tuple(_relations(tree)))


def _relations(tree: exp.Expr) -> list[str]:
    own = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    found: dict[str, None] = {}
    for table in tree.find_all(exp.Table):
        name = _name_of(table)
        if name and name.lower() not in own:
            found.setdefault(name)
    return list(found)


def _name_of(table: exp.Table) -> str:
    """`sales.daily` as one name; empty for a function in FROM."""
    return ".".join(part.name for part in table.parts) if isinstance(table.this, exp.Identifier) else ""


class _Reader:
    def __init__(self, known: Known, parameters: frozenset[str]) -> None:
        self._known = known
        self._parameters = parameters

    def outputs(self, tree: exp.Expr, ctes: Mapping[str, Outputs]) -> Outputs:
        """Name -> origins of a query's result, in its order."""
        if isinstance(tree, exp.Subquery):
            return self.outputs(tree.this, ctes)
        if not isinstance(tree, exp.Query):
            return {}
        inner = dict(ctes)
        for cte in tree.ctes:
            inner[cte.alias.lower()] = self.outputs(cte.this, inner)
        if isinstance(tree, exp.SetOperation):
            left, right = self.outputs(tree.left, inner), self.outputs(tree.right, inner)
            both = zip(left.items(), [*right.values(), *[frozenset[Origin]()] * len(left)], strict=False)
            return {name: one | other for (name, one), other in both}
        sources = dict(self._sources(tree, inner))
        found: Outputs = {}
        for column in tree.selects:
            if column.is_star:
                found |= self._behind_star(column, sources)
            else:
                found[column.alias_or_name] = self._read(column, sources, found, inner)
        return found

    def _sources(self, tree: exp.Query, ctes: Mapping[str, Outputs]) -> Iterator[tuple[str, _Source]]:
        from_ = tree.args.get("from_")
        joined = [join.this for join in tree.args.get("joins") or []]
        beside = tree.args.get("laterals") or []
        before: dict[str, _Source] = {}
        for source in [*([from_.this] if from_ is not None else []), *joined, *beside]:
            alias = source.alias_or_name
            before[alias] = self._source(source, ctes, before)
            yield alias, before[alias]

    def _source(self, source: exp.Expr, ctes: Mapping[str, Outputs], before: Mapping[str, _Source]) -> _Source:
        if isinstance(source, exp.Table):
            name = _name_of(source)
            if name.lower() in ctes:
                return ctes[name.lower()]
            return name or _Any(self._read(source, before, {}, ctes))
        if isinstance(source, exp.Subquery | exp.Query):
            return self.outputs(source, ctes)
        return _Any(self._read(source, before, {}, ctes))  # unnest, lateral, values

    def _behind_star(self, star: exp.Expr, sources: Mapping[str, _Source]) -> Outputs:
        only = star.args.get("table")
        inner = star.this if isinstance(star, exp.Column) else star
        excluded = {part.name for part in inner.args.get("except_") or []}
        found: Outputs = {}
        for alias, source in sources.items():
            if only is not None and alias != only.name:
                continue
            if isinstance(source, str):
                roots = dict.fromkeys(_root(path) for path in self._known.get(source, ()))
                columns: Outputs = {name: frozenset({Origin(source, name)}) for name in roots}
            else:
                columns = {} if isinstance(source, _Any) else source
            for name, origins in columns.items():
                if name not in excluded:
                    found[name] = found.get(name, frozenset()) | origins
        for replaced in inner.args.get("replace") or []:
            found[replaced.alias] = self._read(replaced, sources, {}, {})
        return found

    def _read(
        self, node: exp.Expr, sources: Mapping[str, _Source], before: Outputs, ctes: Mapping[str, Outputs]
    ) -> frozenset[Origin]:
        """What an expression reads; a query inside it sees its own sources and these."""
        found: set[Origin] = set()
        for query in node.find_all(exp.Select):
            inside = dict(sources) | dict(self._sources(query, ctes))
            for column in query.find_all(exp.Column):
                found |= self._resolve(column, inside, {})
        bound = self._bound(node, sources)
        for inner in node.find_all(exp.Column):
            if inner.find_ancestor(exp.Query) is node.find_ancestor(exp.Query):
                first, *rest = [part.name for part in inner.parts]
                if first in bound:
                    found |= {self._below(origin, rest) for origin in bound[first]}
                else:
                    found |= self._resolve(inner, sources, before)
        for call in node.find_all(exp.Anonymous):
            if call.name.lower() in self._parameters:
                found.add(Origin(call.name.lower(), ""))
        return frozenset(found)

    def _bound(self, node: exp.Expr, sources: Mapping[str, _Source]) -> Outputs:
        """Names that a list comprehension gives to the elements of a list."""
        return {
            each.expression.name: frozenset().union(
                *(self._resolve(column, sources, {}) for column in each.args["iterator"].find_all(exp.Column))
            )
            for each in node.find_all(exp.Comprehension)
        }

    def _resolve(self, column: exp.Column, sources: Mapping[str, _Source], before: Outputs) -> frozenset[Origin]:
        parts = [part.name for part in column.parts]
        if len(parts) > 1 and parts[0] in sources:
            return self._in(sources[parts[0]], parts[1:])
        having = [source for source in sources.values() if self._has(source, parts[0])]
        if not having and parts[0] in before:  # an alias of the same SELECT
            return before[parts[0]]
        if not having and len(sources) == 1:
            having = list(sources.values())
        return frozenset().union(*(self._in(source, parts) for source in having))

    def _has(self, source: _Source, name: str) -> bool:
        if isinstance(source, str):
            return any(_root(path) == name for path in self._known.get(source, ()))
        return False if isinstance(source, _Any) else name in source

    def _in(self, source: _Source, parts: list[str]) -> frozenset[Origin]:
        if isinstance(source, str):
            return frozenset({Origin(source, self._path(source, parts))})
        if isinstance(source, _Any):
            return frozenset(self._below(origin, parts[1:]) for origin in source.origins)
        return frozenset(self._below(origin, parts[1:]) for origin in source.get(parts[0], ()))

    def _path(self, relation: str, parts: list[str]) -> str:
        """`customer`, `email` -> customer.email; steps that no column has, such as `len` of a list, are left out."""
        known, path = self._known.get(relation, ()), parts[0]
        for part in parts[1:]:
            path = next((step for step in (f"{path}.{part}", f"{path}[].{part}") if step in known), path)
        return path

    def _below(self, origin: Origin, parts: list[str]) -> Origin:
        return Origin(origin.relation, self._path(origin.relation, [origin.column, *parts])) if parts else origin


def _root(path: str) -> str:
    return path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]

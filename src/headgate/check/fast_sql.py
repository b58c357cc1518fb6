"""SQL of the quick look: the whole record typed, and one boolean that is TRUE only where nothing is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from headgate.check.predicate_sql import PredicateWriter
from headgate.check.reason_sql import TIMES
from headgate.check.rule_sql import VALUE_KINDS, holds
from headgate.check.shape_sql import sound_types
from headgate.core.contract import Column, Contract, Kind, Rule, RuleKind, Scope
from headgate.core.sql import json_step, literal, quoted

_CONTAINERS = frozenset({Kind.OBJECT, Kind.ARRAY})


def all_hold(contract: Contract, writer: PredicateWriter) -> list[str]:
    """Conditions over the typed columns that together say: no row rule is broken. NULL counts as broken."""
    by_path: dict[str, list[Rule]] = {}
    for rule in contract.rules:
        if rule.kind in VALUE_KINDS and rule.scope in {Scope.ROW, Scope.ELEMENT}:
            by_path.setdefault(rule.reads[0], []).append(rule)
    elements: dict[str, list[Rule]] = {}
    conditions = []
    for rule in contract.rules:
        if rule.kind is not RuleKind.PREDICATE:
            continue
        if rule.scope is Scope.ELEMENT:
            elements.setdefault(rule.array, []).append(rule)
        else:
            conditions.append(writer.row(rule.arguments["sql"]))
    walker = _Walker(by_path, elements, writer)
    return [*walker.columns(contract.columns, "", depth=0), *conditions]


class _Walker:
    def __init__(
        self, rules: Mapping[str, list[Rule]], elements: Mapping[str, list[Rule]], writer: PredicateWriter
    ) -> None:
        self._rules = rules
        self._elements = elements
        self._writer = writer

    def columns(self, columns: Iterable[Column], parent: str, *, depth: int) -> list[str]:
        conditions: list[str] = []
        for column in columns:
            value = f"{parent}.{quoted(column.name)}" if parent else quoted(column.name)
            conditions += self._own(column, value)
            if column.kind is Kind.OBJECT:
                inner = self.columns(column.children, value, depth=depth)
                if inner and not column.required:
                    inner = [f"({value} IS NULL OR ({' AND '.join(inner)}))"]
                conditions += inner
            elif column.kind is Kind.ARRAY:
                conditions += self._each(column, value, depth=depth)
        return conditions

    def _own(self, column: Column, value: str) -> list[str]:
        rules = self._rules.get(column.path, [])
        required = any(rule.kind is RuleKind.PRESENT for rule in rules)
        conditions = []
        for rule in rules:
            if rule.kind is RuleKind.FORMAT and column.kind in TIMES:
                continue  # a time that was read has its form
            passes = holds(rule, column, value)
            if rule.kind is RuleKind.PRESENT or required:
                conditions.append(passes)
            else:
                conditions.append(f"({value} IS NULL OR {passes})")
        return conditions

    def _each(self, column: Column, value: str, *, depth: int) -> list[str]:
        assert column.element is not None
        each = f"_e{depth}"
        element = column.element
        if element.kind is Kind.OBJECT:
            inner = [f"{each} IS NOT NULL", *self.columns(element.children, each, depth=depth + 1)]
        else:
            inner = self._own(element, each)
        for rule in self._elements.get(column.path, []):
            inner.append(self._writer.element(rule.arguments["sql"], each))
        if not inner:
            return []
        looked = f"list_transform({value}, lambda {each}: coalesce({' AND '.join(inner)}, false))"
        return [f"coalesce(list_bool_and({looked}), true)"]


def sound_containers(columns: Sequence[Column], parent: str, path: str, raw: str) -> list[str]:
    """Conditions that say: every object and list of the contract is one in the record, or absent where it may be.

    An object of another kind reads as one whose values are all NULL, a list of another kind as NULL. Where a value
    below must be there, that tells it already; only else the raw record is asked.
    """
    conditions: list[str] = []
    for column in columns:
        text = f"{parent}.{quoted(column.source_name)}"
        here = path + json_step(column.source_name)
        kind = f"coalesce(json_type({raw}, {literal(here)}), 'NULL')"
        if column.kind is Kind.OBJECT:
            if not _has_required_leaf(column):
                nothing = " AND ".join(f"{text}.{quoted(child.source_name)} IS NULL" for child in column.children)
                wanted = "'OBJECT'" if column.required else "'OBJECT', 'NULL'"
                conditions.append(f"CASE WHEN {text} IS NULL OR ({nothing}) THEN {kind} IN ({wanted}) ELSE true END")
            elif not column.required:
                conditions.append(f"CASE WHEN {text} IS NULL THEN {kind} = 'NULL' ELSE true END")
            conditions += sound_containers(column.children, text, here, raw)
        elif column.kind is Kind.ARRAY:
            if not column.required:
                conditions.append(f"CASE WHEN {text} IS NULL THEN {kind} = 'NULL' ELSE true END")
            conditions += _sound_inside(column, here, raw)
    return conditions


def _sound_inside(array: Column, path: str, raw: str) -> list[str]:
    """The same for what lies in a list: its elements, and containers inside them."""
    element, inside = array.element, f"{path}[*]"
    assert element is not None
    if element.kind is Kind.ARRAY:
        return [_all_kinds(raw, inside, "ARRAY"), *_sound_inside(element, inside, raw)]
    if element.kind is not Kind.OBJECT:
        return []
    told = [] if _has_required_leaf(element) else [_all_kinds(raw, inside, "OBJECT")]
    return told + _sound_fields(element, inside, raw)


def _sound_fields(holder: Column, path: str, raw: str) -> list[str]:
    conditions: list[str] = []
    for child in holder.children:
        here = path + json_step(child.source_name)
        if child.kind is Kind.OBJECT:
            conditions += [_all_kinds(raw, here, "OBJECT", "NULL"), *_sound_fields(child, here, raw)]
        elif child.kind is Kind.ARRAY:
            conditions += [_all_kinds(raw, here, "ARRAY", "NULL"), *_sound_inside(child, here, raw)]
    return conditions


def _all_kinds(raw: str, path: str, *kinds: str) -> str:
    allowed = ", ".join(literal(kind) for kind in kinds)
    told = f"list_transform(json_type({raw}, {literal(path)}), lambda _t: _t IN ({allowed}))"
    return f"coalesce(list_bool_and({told}), true)"


def _has_required_leaf(column: Column) -> bool:
    return any(child.required and child.kind not in _CONTAINERS for child in column.children)


def object_paths(columns: Sequence[Column], path: str = "$") -> tuple[list[str], list[str]]:
    """JSON paths of the objects of a record: (those that stand once, those that are elements of lists)."""
    single: list[str] = [path]
    repeated: list[str] = []
    for column in columns:
        here = path + json_step(column.source_name)
        if column.kind is Kind.OBJECT:
            inner, inner_repeated = object_paths(column.children, here)
            single, repeated = single + inner, repeated + inner_repeated
        elif column.kind is Kind.ARRAY:
            repeated += _paths_inside(column, f"{here}[*]")
    return single, repeated


def _paths_inside(array: Column, path: str) -> list[str]:
    assert array.element is not None
    if array.element.kind is Kind.ARRAY:
        return _paths_inside(array.element, f"{path}[*]")
    if array.element.kind is not Kind.OBJECT:
        return []
    inner, repeated = object_paths(array.element.children, path)
    return inner + repeated


def known_keys(columns: Sequence[Column], raw: str) -> list[str]:
    """Conditions that say: each object uses its names as one of the usual shapes does, in `$_shapes`.

    The shapes are learnt from the first records, each proven to have no unknown and no twin name; a row with another
    shape is looked at closely. A shape is the engine's hash of the names in order.
    """
    single, repeated = object_paths(columns)
    listed = ", ".join(literal(path) for path in single)
    conditions = [f"list_contains($_shapes, hash(json_keys({raw}, [{listed}])))"]
    for path in repeated:
        # of what is no object, the kind is told elsewhere
        known = "_k IS NULL OR len(_k) = 0 OR list_contains($_element_shapes, hash(_k))"
        usual = f"list_transform(json_keys({raw}, {literal(path)}), lambda _k: {known})"
        conditions.append(f"coalesce(list_bool_and({usual}), true)")
    return conditions


def typed_and_sound(columns: Sequence[Column], *, json: bool) -> str:
    """One condition: every value that is there has its type."""
    conditions = sound_types(columns, "_d", json=json)
    if json:
        conditions += sound_containers(columns, "_d", "$", "raw")
        if not any(column.required and column.kind not in _CONTAINERS for column in columns):
            conditions.append("json_type(raw) = 'OBJECT'")  # else its absence tells
    return " AND ".join(conditions) or "true"

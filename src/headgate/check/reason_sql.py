"""SQL that tells all reasons of a row that failed the quick look: builtin rules of each column, keys, containers.

Works on the few suspects only, so it may be long; it is written from the contract and never seen by people.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from headgate.check.rule_sql import VALUE_KINDS, holds
from headgate.check.shape_sql import text_of
from headgate.check.typed_sql import is_missing
from headgate.core.contract import Column, Contract, Kind, Rule, RuleKind
from headgate.core.reasons import Consequence, ReasonCode
from headgate.core.row_reasons import ReasonSql
from headgate.core.sql import json_step, literal, quoted

REASON_TYPE = (
    'STRUCT(code VARCHAR, "column" VARCHAR, path VARCHAR, "value" VARCHAR, rule VARCHAR, '
    "consequence VARCHAR, weight INTEGER, place INTEGER)"
)
NO_REASONS = f"CAST([] AS {REASON_TYPE}[])"
TIMES = frozenset({Kind.DATE, Kind.TIME, Kind.TIMESTAMP})
VALUE_CHARACTERS = 200  # of a found value that is kept in a reason; the raw record has all of it
NAMES_TOLD = 50  # unknown or repeated names of one object that are told; the raw record has all of them
KEYS_RULE = "columns"  # id of the builtin rule about names that a record uses


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where in a record the writer stands, as SQL and as words."""

    typed: str  # SQL of the typed container, or "" at the top
    text: str  # SQL of the container of texts
    path: str  # items[].
    shown: str  # SQL text of the path with indices: 'items[' || 0 || '].'
    json_path: str  # SQL text of the container's JSON path

    def typed_of(self, column: Column) -> str:
        """SQL of a typed column here."""
        return f"{self.typed}.{quoted(column.name)}" if self.typed else quoted(column.name)


def reason(rule: Rule, *, code: str, shown: str, path: str, value: str, place: int) -> str:
    """SQL of one reason."""
    return _reason(
        code=code,
        shown=shown,
        path=path,
        value=value,
        rule=rule.id,
        consequence=rule.consequence,
        place=place,
    )


def _reason(*, code: str, shown: str, path: str, value: str, rule: str, consequence: Consequence, place: int) -> str:
    return ReasonSql(
        code=literal(code),
        column=shown,
        path=literal(path),
        value=f"left(CAST({value} AS VARCHAR), {VALUE_CHARACTERS})",
        rule=rule,
        consequence=consequence,
        place=place,
    ).text


def _names_reason(code: ReasonCode, consequence: Consequence, *, shown: str, path: str, value: str) -> str:
    """SQL of a reason of the builtin rule about names, which stands before all rules of the contract."""
    return _reason(code=code, shown=shown, path=path, value=value, rule=KEYS_RULE, consequence=consequence, place=0)


class BuiltinReasons:
    """Writes the reasons that follow from columns: presence, type, form, limits, containers, unknown and twin keys."""

    def __init__(self, contract: Contract, *, json: bool, headers: frozenset[str] | None = None) -> None:
        """`headers` are the columns that a text file has; None for JSON."""
        self._contract = contract
        self._json = json
        self._headers = headers
        self._places = contract.places
        self._rules: dict[str, list[Rule]] = {}
        for rule in contract.rules:
            if rule.kind in VALUE_KINDS | {RuleKind.TYPE} and len(rule.reads) == 1:
                self._rules.setdefault(rule.reads[0], []).append(rule)

    def sql(self) -> str:
        """SQL of a list of reasons, over a relation with typed columns, `_d` (texts) and `_raw`."""
        top = Place(typed="", text="_d", path="", shown="''", json_path="'$'")
        parts = self._columns(self._contract.columns, top, depth=0)
        if not self._json:
            return _joined(parts)
        not_object = _names_reason(ReasonCode.WRONG_TYPE, Consequence.REJECT, shown="''", path="", value='"_raw"')
        parts += self._key_reasons(self._contract.columns, top, keys="json_keys(\"_raw\", '$')")
        return f"CASE WHEN json_type(\"_raw\") <> 'OBJECT' THEN [{not_object}] ELSE {_joined(parts)} END"

    def _columns(self, columns: Sequence[Column], place: Place, *, depth: int) -> list[str]:
        parts: list[str] = []
        for column in columns:
            if column.kind is Kind.OBJECT:
                parts += self._object(column, place, depth=depth)
            elif column.kind is Kind.ARRAY:
                parts += self._array(column, place, depth=depth)
            else:
                parts.append(self._leaf(column, place))
        return parts

    def _text(self, column: Column, place: Place) -> str:
        if self._headers is not None and column.source_name not in self._headers:
            return "CAST(NULL AS VARCHAR)"
        return text_of(column, place.text, json=self._json)

    def _leaf(self, column: Column, place: Place) -> str:
        """All reasons of one value, as a list with holes."""
        text = self._text(column, place)
        return self._value(column, place.typed_of(column), text, shown=_dotted(place.shown, column.name))

    def _value(self, column: Column, typed: str, text: str, *, shown: str) -> str:
        found = f"trim({text}, '\"')" if self._json else text
        missing = is_missing(column, text, json=self._json)
        cases = []
        for rule in self._rules.get(column.path, []):
            told = reason(
                rule,
                code=rule.code,
                shown=shown,
                path=column.path,
                value=found,
                place=self._places[rule.id],
            )
            if rule.kind is RuleKind.TYPE:
                broken = f"NOT ({missing}) AND {typed} IS NULL"
                if column.kind in TIMES:  # a text that is no time has the wrong form, anything else the wrong type
                    broken += f" AND NOT ({self._is_text(text)})"
            elif rule.kind is RuleKind.FORMAT and column.kind in TIMES:
                broken = f"NOT ({missing}) AND {typed} IS NULL AND {self._is_text(text)}"
            elif rule.kind is RuleKind.PRESENT:
                # a value of the wrong type is told as that, once
                broken = f"(({missing}) AND {typed} IS NULL) OR NOT ({typed} IS NULL OR {holds(rule, column, typed)})"
            else:
                broken = f"NOT ({holds(rule, column, typed)})"
            cases.append(f"CASE WHEN {broken} THEN {told} END")
        return list_of(cases)

    def _is_text(self, text: str) -> str:
        return f"starts_with({text}, '\"')" if self._json else "true"

    def _object(self, column: Column, place: Place, *, depth: int) -> list[str]:
        if not self._json:
            return [self._container_in_text(column)]
        text = self._text(column, place)
        inner = Place(
            typed=place.typed_of(column),
            text=text,
            path=f"{column.path}.",
            shown=_dotted(place.shown, column.name),
            json_path=_json_path(place.json_path, column),
        )
        parts = self._columns(column.children, inner, depth=depth)
        parts += self._key_reasons(column.children, inner, keys=f'json_keys("_raw", {inner.json_path})')
        inside = f"CASE WHEN {text} IS NOT NULL THEN {_joined(parts)} ELSE {NO_REASONS} END"
        return [self._container(column, inner, wanted="OBJECT"), inside]

    def _array(self, column: Column, place: Place, *, depth: int) -> list[str]:
        if not self._json:
            return [self._container_in_text(column)]
        here = Place(
            typed=place.typed_of(column),
            text=self._text(column, place),
            path=column.path,
            shown=_dotted(place.shown, column.name),
            json_path=_json_path(place.json_path, column),
        )
        return self._list(column, here, depth=depth)

    def _list(self, column: Column, here: Place, *, depth: int) -> list[str]:
        """Reasons of a list that stands at a place: of itself, its length, each of its elements."""
        assert column.element is not None
        each = f"_k{depth}"
        element = Place(
            typed=f"{here.typed}[{each}]",
            text=f"{here.text}[{each}]",
            path=f"{column.path}[].",
            shown=f"{here.shown} || '[' || ({each} - 1) || ']'",
            json_path=f"{here.json_path} || '[' || ({each} - 1) || ']'",
        )
        inner = self._element(column.element, element, depth=depth)
        walked = f"flatten(list_transform(range(1, len({here.text}) + 1), lambda {each}: {inner}))"
        sound = f"CASE WHEN {here.text} IS NOT NULL THEN {walked} ELSE {NO_REASONS} END"
        own = self._value_of_container(column, here.typed, shown=here.shown)
        return [self._container(column, here, wanted="ARRAY"), own, sound]

    def _element(self, element: Column, place: Place, *, depth: int) -> str:
        if element.kind is Kind.ARRAY:
            return _joined(self._list(element, place, depth=depth + 1))
        if element.kind is not Kind.OBJECT:
            text = f"CAST({place.text} AS VARCHAR)" if self._json else place.text
            return (
                f"list_filter({self._value(element, place.typed, text, shown=place.shown)}, lambda _r: _r IS NOT NULL)"
            )
        parts = self._columns(element.children, place, depth=depth + 1)
        parts += self._key_reasons(element.children, place, keys=f'json_keys("_raw", {place.json_path})')
        wrong = self._container(element, place, wanted="OBJECT")
        return (
            f"CASE WHEN json_type(\"_raw\", {place.json_path}) = 'OBJECT' THEN {_joined(parts)} "
            f"ELSE list_filter({wrong}, lambda _r: _r IS NOT NULL) END"
        )

    def _container(self, column: Column, place: Place, *, wanted: str) -> str:
        """Reasons of the container itself: absent though required, or of another kind."""
        cases = []
        kind = f'json_type("_raw", {place.json_path})'
        for rule in self._rules.get(column.path, []):
            told = reason(
                rule,
                code=rule.code,
                shown=place.shown,
                path=column.path,
                value=f'json_extract_string("_raw", {place.json_path})',
                place=self._places[rule.id],
            )
            if rule.kind is RuleKind.PRESENT:
                cases.append(f"CASE WHEN coalesce({kind}, 'NULL') = 'NULL' THEN {told} END")
            elif rule.kind is RuleKind.TYPE:
                cases.append(f"CASE WHEN coalesce({kind}, 'NULL') NOT IN ('NULL', {literal(wanted)}) THEN {told} END")
        return list_of(cases)

    def _container_in_text(self, column: Column) -> str:
        """Reasons of an object or list in a line of text, which can hold none: absent though required, or a text."""
        there = self._headers is not None and column.source_name in self._headers
        text = f"nullif(_d.{quoted(column.source_name)}, '')" if there else "CAST(NULL AS VARCHAR)"
        broken = {RuleKind.PRESENT: f"{text} IS NULL", RuleKind.TYPE: f"{text} IS NOT NULL"}
        cases = [
            f"CASE WHEN {broken[rule.kind]} THEN "
            + reason(
                rule,
                code=rule.code,
                shown=literal(column.name),
                path=column.path,
                value=text,
                place=self._places[rule.id],
            )
            + " END"
            for rule in self._rules.get(column.path, [])
            if rule.kind in broken
        ]
        return list_of(cases)

    def _value_of_container(self, column: Column, typed: str, *, shown: str) -> str:
        """Length and uniqueness of a list."""
        cases = [
            f"CASE WHEN NOT ({holds(rule, column, typed)}) THEN "
            + reason(
                rule,
                code=rule.code,
                shown=shown,
                path=column.path,
                value=f"len({typed})",
                place=self._places[rule.id],
            )
            + " END"
            for rule in self._rules.get(column.path, [])
            if rule.kind in {RuleKind.LENGTH, RuleKind.UNIQUE_ITEMS}
        ]
        return list_of(cases)

    def _key_reasons(self, columns: Sequence[Column], place: Place, *, keys: str) -> list[str]:
        """Names that the contract does not know, and names that stand twice in one object."""
        if not self._json:
            return []
        known = ", ".join(literal(column.source_name) for column in columns) or "''"
        dot = f"{place.shown} || CASE WHEN {place.shown} = '' THEN '' ELSE '.' END || _u"
        told = partial(_names_reason, shown=dot, path=f"{place.path}*", value="NULL")
        unknown = told(ReasonCode.UNKNOWN_COLUMN, Consequence.WARN)
        twin = told(ReasonCode.TWIN_KEY, Consequence.HOLD)
        strange = f"list_filter(list_distinct({keys}), lambda _u: _u NOT IN ({known}))"
        # counted in one pass: to compare each name with each other takes a GiB for an object of some thousand names
        counted = f"map_entries(list_aggregate({keys}, 'histogram'))"
        twice = f"list_transform(list_filter({counted}, lambda _u: _u.value > 1), lambda _u: _u.key)"
        return [
            f"list_transform(list_slice({names}, 1, {NAMES_TOLD}), lambda _u: {said})"
            for names, said in ((strange, unknown), (twice, twin))
        ]


def list_of(reasons: Sequence[str]) -> str:
    """SQL of a list of reasons, each of which may be NULL."""
    return f"[{', '.join(reasons)}]" if reasons else NO_REASONS


def _joined(parts: Sequence[str]) -> str:
    """SQL of one list without holes."""
    lists = ", ".join(part for part in parts if part != NO_REASONS)
    if not lists:
        return NO_REASONS
    return f"list_filter(flatten([{lists}]), lambda _r: _r IS NOT NULL)"


def _dotted(shown: str, name: str) -> str:
    """SQL text of a path with one more name."""
    if shown == "''":
        return literal(name)
    return f"{shown} || {literal('.' + name)}"


def _json_path(parent: str, column: Column) -> str:
    return f"{parent} || {literal(json_step(column.source_name))}"

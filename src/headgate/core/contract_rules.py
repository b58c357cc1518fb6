"""All rules of a contract in order: built-in ones and those written out, named, with code, consequence and digest."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from headgate.core.canonical import digest
from headgate.core.contract import Column, Kind, Rule, RuleKind, Scope
from headgate.core.contract_builtin import CHECKED_FORMATS, builtin_drafts
from headgate.core.contract_drafts import SUFFIXES, Draft
from headgate.core.contract_properties import find_consequence, properties_of, read_consequences
from headgate.core.contract_quality import engine_of, read_quality
from headgate.core.contract_sites import Site, inner_sites, record_site
from headgate.core.near_name import did_you_mean
from headgate.core.reasons import Consequence
from headgate.core.replacing import replace
from headgate.core.yaml_cursor import Cursor

_SEVERITIES = {
    "warn": Consequence.WARN,
    "hold": Consequence.HOLD,
    "reject": Consequence.REJECT,
    "info": Consequence.WARN,
    "warning": Consequence.WARN,
    "error": Consequence.HOLD,
    "critical": Consequence.HOLD,
}
_CODE = re.compile(r"[a-z][a-z0-9_]*\Z")
_DERIVED = frozenset({"parameters", "lookups", "guarded", "skipped"})
"""Arguments that follow from the text of a rule; its digest is over what a person wrote."""


class RuleBook(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of a contract, and what is written as a rule but not checked."""

    rules: tuple[Rule, ...]
    unchecked: tuple[str, ...]


def read_rules(record: Cursor, columns: tuple[Column, ...]) -> RuleBook:
    """The rules of the record in contract order; problems are noted at their lines."""
    site = record_site(record, columns)
    unchecked: list[str] = []
    found = [*_key(site, columns), *_below(site, columns, unchecked), *_written(site, unchecked)]
    rules = _without_replaced(found)
    _refuse_twins(record, rules)
    return RuleBook(rules=tuple(replace(rule, digest=rule_digest(rule)) for rule in rules), unchecked=tuple(unchecked))


def rule_digest(rule: Rule) -> str:
    """SHA-256 over what the rule says: kind, scope, text, code, consequence, place; not its words for people."""
    arguments = {key: value for key, value in rule.arguments.items() if key not in _DERIVED}
    return digest(
        {
            "kind": rule.kind.value,
            "scope": rule.scope.value,
            "code": rule.code,
            "consequence": rule.consequence.value,
            "reads": [] if rule.kind is RuleKind.PREDICATE else list(rule.reads),
            "column": rule.column,
            "array": rule.array,
            "arguments": arguments,
        },
    )


def _below(site: Site, columns: tuple[Column, ...], unchecked: list[str]) -> Iterator[Rule]:
    """Rules of the columns inside a place: their own, those of what is inside them, then those written at them."""
    for inner in inner_sites(site, columns):
        column = inner.column
        assert column is not None
        for draft in builtin_drafts(inner):
            yield _builtin(inner, draft)
        _note_unchecked_format(inner, column, unchecked)
        yield from _references(inner, column)
        yield from _below(inner, column.children, unchecked)
        yield from _written(inner, unchecked)


def _builtin(site: Site, draft: Draft) -> Rule:
    code = draft.default_code()
    return Rule(
        id=f"{site.path}.{SUFFIXES.get(draft.kind, draft.kind.value)}",
        kind=draft.kind,
        scope=draft.scope,
        code=code,
        consequence=find_consequence(code, site.around),
        reads=draft.reads,
        array=draft.array,
        description=site.column.description if site.column is not None and draft.kind is RuleKind.PATTERN else "",
        arguments=draft.arguments,
        builtin=True,
    )


def _note_unchecked_format(site: Site, column: Column, unchecked: list[str]) -> None:
    form = site.place.at("logicalTypeOptions").word("format") if column.kind is Kind.STRING else ""
    if form and form not in CHECKED_FORMATS:
        unchecked.append(f"{column.path}: the format {form} is not checked.")


# ── Keys and references ──────────────────────────────────────────────────────────────────────────────────────────────
def _key(site: Site, columns: tuple[Column, ...]) -> Iterator[Rule]:
    keys = [column for root in columns for column in root.walk() if column.primary_key]
    if not keys:
        return
    conflict = "hold"
    for inner in _all_sites(site, columns):
        ours = properties_of(inner.place, "column")
        if "conflict" in ours and inner.column is not None:
            holder = Cursor(
                text=inner.place.text, value={"conflict": ours["conflict"].value}, problems=inner.place.problems
            )
            conflict = holder.choice("conflict", ("hold", "duplicate"), "hold")
            if not inner.column.primary_key:
                inner.place.problem("`conflict` at a column that is no key.", "Move it to the key.")
        if inner.column is not None and inner.column.primary_key and inner.array:
            inner.place.problem(f"{inner.path} is a key inside a list.", "A key is of the whole row.")
    paths = [column.path for column in keys]
    draft = Draft(
        kind=RuleKind.KEY, scope=Scope.SET, reads=tuple(paths), arguments={"columns": paths, "conflict": conflict}
    )
    yield replace(_builtin(site, draft), id=f"{site.record}.key", consequence=Consequence.HOLD)


def _all_sites(site: Site, columns: tuple[Column, ...]) -> Iterator[Site]:
    for inner in inner_sites(site, columns):
        yield inner
        yield from _all_sites(inner, inner.column.children if inner.column is not None else ())


def _references(site: Site, column: Column) -> Iterator[Rule]:
    for index, entry in enumerate(site.place.items("relationships")):
        target = entry.at("to").value
        if not isinstance(target, str) or "/" in target or "." not in target:
            entry.problem("a reference to more than one column.", "Write `to: table.column`.")
            continue
        table, _, name = target.rpartition(".")
        ours = properties_of(entry, "relationship")
        if_missing = _word(entry, ours.get("ifMissing"), ("wait", "warn"), "wait")
        draft = Draft(
            kind=RuleKind.REFERENCE,
            scope=Scope.SET,
            reads=(column.path,),
            arguments={"table": table, "column": name, "if_missing": if_missing},
            array=site.array,
        )
        suffix = f"reference_{index + 1}" if index else "reference"
        code = _code(entry, ours.get("reasonCode"), draft.default_code(), required=True)
        around = (read_consequences(ours.get("consequence")), *site.around)
        rule = _builtin(site, draft)
        yield replace(rule, id=f"{site.path}.{suffix}", code=code, consequence=find_consequence(code, around))


def _word(place: Cursor, value: Cursor | None, choices: Sequence[str], default: str) -> str:
    if value is None or value.value in choices:
        return default if value is None else str(value.value)
    place.problem(f"the value is {value.value!r}.", f"Write one of {', '.join(choices)}.")
    return default


# ── Rules written out ────────────────────────────────────────────────────────────────────────────────────────────────
def _written(site: Site, unchecked: list[str]) -> Iterator[Rule]:
    for index, entry in enumerate(site.place.items("quality")):
        draft = read_quality(site, entry)
        words = entry.word("description") or entry.word("name") or entry.word("id")
        if entry.word("type") == "custom" and engine_of(entry) == "":
            unchecked.append(
                f"{site.path or site.record}: {words or 'a rule'} is for {entry.word('engine')}, not checked."
            )
        if draft is None:
            continue
        if draft.kind is RuleKind.TEXT:
            unchecked.append(f"{site.path or site.record}: {words}")
        yield _named(site, entry, draft, index)


def _named(site: Site, entry: Cursor, draft: Draft, index: int) -> Rule:
    ours = properties_of(entry, "quality")
    identity = entry.word("id") or _default_id(site, draft, index)
    default = draft.default_code()
    if not default and not entry.has("id") and draft.kind is not RuleKind.TEXT:
        entry.problem("a rule of this kind without `id`.", "Name it: its id is the reason that people see.")
    checked = draft.kind is not RuleKind.TEXT and bool(default or entry.has("id"))
    code = _code(entry, ours.get("reasonCode"), default or (identity if checked else ""), required=checked)
    around = (read_consequences(ours.get("consequence")), *site.around)
    return Rule(
        id=identity,
        kind=draft.kind,
        scope=draft.scope,
        code=code,
        consequence=_severity(entry) or find_consequence(code, around),
        reads=draft.reads,
        column=_shown_at(site, ours.get("column")),
        array=draft.array,
        description=entry.word("description"),
        arguments=draft.arguments,
    )


def _default_id(site: Site, draft: Draft, index: int) -> str:
    kind = SUFFIXES.get(draft.kind, draft.kind.value)
    return f"{site.path or site.record}.{kind}_{index + 1}"


def _code(entry: Cursor, given: Cursor | None, default: str, *, required: bool) -> str:
    code = default if given is None else str(given.value)
    if required and not _CODE.match(code):
        entry.problem(
            f"the reason code {code!r} is not lower case with underscores.", "Add {property: reasonCode, value: …}."
        )
    return code


def _severity(entry: Cursor) -> Consequence | None:
    if not entry.has("severity"):
        return None
    word = entry.word("severity")
    if word.lower() not in _SEVERITIES:
        entry.at("severity").problem(f"the severity is {word!r}.", "Write warn, hold or reject.")
    return _SEVERITIES.get(word.lower())


def _shown_at(site: Site, given: Cursor | None) -> str:
    if given is None:
        return ""
    column = site.find(str(given.value))
    if column is None:
        given.problem(f"{given.value!r} is no column here.", did_you_mean(str(given.value), site.names()))
        return ""
    return column.path


# ── Together ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def _without_replaced(rules: list[Rule]) -> list[Rule]:
    """Without the built-in rules that a written one of the same kind and content stands for.

    Where the content differs both stay: to drop one would be to check less than is written.
    """
    written = [rule for rule in rules if not rule.builtin]
    return [rule for rule in rules if not (rule.builtin and any(_covers(other, rule) for other in written))]


def _covers(written: Rule, builtin: Rule) -> bool:
    if (written.kind, written.reads, written.array) != (builtin.kind, builtin.reads, builtin.array):
        return False
    if builtin.kind in {RuleKind.PRESENT, RuleKind.TYPE}:
        return True
    return dict(written.arguments) == dict(builtin.arguments)


def _refuse_twins(record: Cursor, rules: list[Rule]) -> None:
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            record.problem(f"the rule id {rule.id!r} stands twice.", "Ids are unique in the contract.")
        seen.add(rule.id)

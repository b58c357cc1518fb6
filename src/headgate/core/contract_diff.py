"""What changes between two versions of a contract, for senders and for readers, and how far the version must rise."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from enum import IntEnum
from typing import Any

import msgspec

from headgate.core.contract import Column, Contract, Rule, RuleKind
from headgate.core.reasons import WEIGHT, Consequence

MORE, LESS, SAME = "accepts more", "accepts less", ""
BREAKS, NEW_VALUES = "breaks", "may see new columns or values"

Arguments = Mapping[str, Any]


class Rise(IntEnum):
    """Which number of the version must rise."""

    NONE = 0
    PATCH = 1  # words only
    MINOR = 2  # what was right stays right
    MAJOR = 3  # a sender or a reader must change


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One difference."""

    path: str  # of the column, or id of the rule; empty for the contract as a whole
    what: str
    senders: str = SAME
    readers: str = SAME
    level: Rise


def diff(old: Contract, new: Contract) -> list[Change]:
    """The differences, columns before rules; none where the digests are equal."""
    if old.digest == new.digest:
        return []
    changes = [*_columns(old, new), *_rules(old, new), *_whole(old, new)]
    if not any(change.level is not Rise.NONE for change in changes):
        changes.append(Change(path="", what="words, examples, owner or support", level=Rise.PATCH))
    return changes


def required_rise(changes: Iterable[Change]) -> Rise:
    """The highest level of the changes."""
    return max((change.level for change in changes), default=Rise.NONE)


def has_risen_enough(old: str, new: str, needed: Rise) -> bool:
    """Whether the new version is above the old one by the level needed: 1.2.3 to 1.3.0 is a minor rise."""
    if needed is Rise.NONE:
        return _numbers(new) >= _numbers(old)
    before, after = _numbers(old), _numbers(new)
    rise = next(
        (level for level, pair in zip(_PLACES, zip(before, after, strict=True), strict=True) if pair[0] != pair[1]),
        Rise.NONE,
    )
    return after > before and rise >= needed


def _numbers(version: str) -> tuple[int, int, int]:
    major, minor, patch = (int(part) for part in re.split(r"[-+]", version)[0].split("."))
    return major, minor, patch


_PLACES = (Rise.MAJOR, Rise.MINOR, Rise.PATCH)


# ── Columns ──────────────────────────────────────────────────────────────────────────────────────────────────────────
def _columns(old: Contract, new: Contract) -> Iterator[Change]:
    before = {column.path: column for column in old.walk()}
    after = {column.path: column for column in new.walk()}
    for path, column in before.items():
        if path in after:
            yield from _column(column, after[path])
        elif _container(path) in after or not _container(path):
            yield Change(path=path, what="column removed or renamed", readers=BREAKS, level=Rise.MAJOR)
    for path, column in after.items():
        if path in before or (_container(path) and _container(path) not in before):
            continue
        if column.required:
            yield Change(path=path, what="new required column", senders=LESS, readers=NEW_VALUES, level=Rise.MAJOR)
        else:
            yield Change(path=path, what="new optional column", senders=MORE, readers=NEW_VALUES, level=Rise.MINOR)


def _container(path: str) -> str:
    """`items[]` of `items[].quantity`, `items` of `items[]`; empty at the top."""
    return path.removesuffix("[]") if path.endswith("[]") else path.rpartition(".")[0]


def _column(old: Column, new: Column) -> Iterator[Change]:
    path = new.path
    for name, what in _RETYPES.items():
        if getattr(old, name) != getattr(new, name):
            found = f"{what} from {getattr(old, name)} to {getattr(new, name)}"
            yield Change(path=path, what=found, senders=LESS, readers=BREAKS, level=Rise.MAJOR)
    if old.source_name != new.source_name:
        what = f"the sender's name from {old.source_name} to {new.source_name}"
        yield Change(path=path, what=what, senders=LESS, level=Rise.MAJOR)
    if old.required != new.required:
        lost = Change(path=path, what="no longer required", senders=MORE, readers=BREAKS, level=Rise.MAJOR)
        gained = Change(path=path, what="required", senders=LESS, level=Rise.MAJOR)
        yield gained if new.required else lost
    if old.personal != new.personal:
        what = "marked as personal" if new.personal else "no longer marked as personal"
        yield Change(path=path, what=what, readers=BREAKS, level=Rise.MAJOR)
    if old.primary_key != new.primary_key:
        yield Change(path=path, what="part of the key" if new.primary_key else "no longer part of the key",
                     senders=LESS, readers=BREAKS, level=Rise.MAJOR)  # fmt: skip
    for leniency in set(new.lenient) - set(old.lenient):
        yield Change(path=path, what=f"takes {leniency.name}", senders=MORE, level=Rise.MINOR)
    for leniency in set(old.lenient) - set(new.lenient):
        yield Change(path=path, what=f"no longer takes {leniency.name}", senders=LESS, level=Rise.MAJOR)
    if old.offset_required != new.offset_required:
        rise, senders = (Rise.MAJOR, LESS) if new.offset_required else (Rise.MINOR, MORE)
        what = "must carry its offset" if new.offset_required else "may lack its offset"
        yield Change(path=path, what=what, senders=senders, level=rise)


_RETYPES: Mapping[str, str] = {
    "kind": "type",
    "precision": "precision",
    "scale": "scale",
    "integer_format": "integer format",
    "date_format": "date format",
    "default_timezone": "default time zone",
}


# ── Rules ────────────────────────────────────────────────────────────────────────────────────────────────────────────
def _rules(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = _told(old), _told(new)
    gone = {rule.digest: rule for rule in before.values() if rule.id not in after}
    for rule in after.values():
        if rule.id in before:
            yield from _rule(before[rule.id], rule)
        elif rule.digest in gone:
            known = gone.pop(rule.digest)
            yield Change(path=rule.id, what=f"the rule {known.id} has a new name", level=Rise.PATCH)
        elif not _comes_with_column(rule, old):
            yield _new_rule(rule)
    for rule in gone.values():
        if not _comes_with_column(rule, new):
            yield Change(path=rule.id, what="rule removed", senders=MORE, readers=NEW_VALUES, level=Rise.MINOR)


def _told(contract: Contract) -> dict[str, Rule]:
    return {rule.id: rule for rule in contract.rules if rule.kind is not RuleKind.KEY}


def _comes_with_column(rule: Rule, other: Contract) -> bool:
    """A rule that is there because its column, or that column's `required` or type, is: the column's change says it."""
    if not rule.builtin:
        return False
    paths = {column.path for column in other.walk()}
    return _says_column(rule) or rule.kind is RuleKind.PRESENT or not all(path in paths for path in rule.reads)


def _says_column(rule: Rule) -> bool:
    """Whether the rule's content is that of its column: its type, the form of its times."""
    return rule.builtin and (rule.kind is RuleKind.TYPE or "offset_required" in rule.arguments)


def _new_rule(rule: Rule) -> Change:
    if rule.kind is RuleKind.TEXT or rule.consequence is Consequence.WARN:
        return Change(path=rule.id, what="new rule that warns", level=Rise.MINOR)
    return Change(path=rule.id, what=f"new rule: {rule.consequence.value}", senders=LESS, level=Rise.MAJOR)


def _rule(old: Rule, new: Rule) -> Iterator[Change]:
    if old.digest == new.digest:
        return
    if old.consequence is not new.consequence:
        heavier = WEIGHT[new.consequence] > WEIGHT[old.consequence]
        what = f"{old.consequence.value} becomes {new.consequence.value}"
        rise, senders = (Rise.MAJOR, LESS) if heavier else (Rise.MINOR, MORE)
        yield Change(path=new.id, what=what, senders=senders, level=rise)
    if old.code != new.code:
        what = f"the reason {old.code} becomes {new.code}"
        yield Change(path=new.id, what=what, readers=NEW_VALUES, level=Rise.MINOR)
    if (old.kind, old.scope, old.array) != (new.kind, new.scope, new.array):
        yield Change(path=new.id, what="another kind of rule", senders=LESS, level=Rise.MAJOR)
    elif not _says_column(new) and (dict(old.arguments) != dict(new.arguments) or old.reads != new.reads):
        wider = _is_wider(old, new)
        rise, senders = (Rise.MINOR, MORE) if wider else (Rise.MAJOR, LESS)
        yield Change(path=new.id, what="wider" if wider else "narrower, or another text", senders=senders,
                     readers=NEW_VALUES if wider else SAME, level=rise)  # fmt: skip


def _is_wider(old: Rule, new: Rule) -> bool:
    """Whether every value that the old rule lets pass passes the new one; False where that cannot be told."""
    compare = _WIDER.get(new.kind)
    return old.reads == new.reads and compare is not None and compare(old.arguments, new.arguments)


def _bounds_are_wider(old: Arguments, new: Arguments) -> bool:
    return all(_bound_is_wider(key, old.get(key), new.get(key)) for key in {*old, *new})


def _bound_is_wider(key: str, old: object, new: object) -> bool:
    if new is None or old == new:
        return True
    if old is None or key == "multiple_of":
        return False
    before, after = str(old), str(new)
    if _IS_TIME.match(before) or _IS_TIME.match(after):
        return after <= before if "min" in key else after >= before
    return Decimal(after) <= Decimal(before) if "min" in key else Decimal(after) >= Decimal(before)


def _values_are_wider(old: Arguments, new: Arguments) -> bool:
    return set(old["values"]) <= set(new["values"])


def _missing_are_fewer(old: Arguments, new: Arguments) -> bool:
    return set(new.get("missing_values", ())) <= set(old.get("missing_values", ()))


def _reference_is_milder(old: Arguments, new: Arguments) -> bool:
    return dict(new) == {**old, "if_missing": "warn"}


def _threshold_is_wider(old: Arguments, new: Arguments) -> bool:
    before, after, sign = old["value"], new["value"], str(old["operator"])
    if {**old, "value": None} != {**new, "value": None} or isinstance(before, list) or isinstance(after, list):
        return False
    if sign.startswith("<"):
        return Decimal(str(after)) >= Decimal(str(before))
    return sign.startswith(">") and Decimal(str(after)) <= Decimal(str(before))


_IS_TIME = re.compile(r"\d{4}-\d{2}|\d{2}:")
_WIDER: Mapping[RuleKind, Callable[[Arguments, Arguments], bool]] = {
    RuleKind.LIMITS: _bounds_are_wider,
    RuleKind.LENGTH: _bounds_are_wider,
    RuleKind.ALLOWED: _values_are_wider,
    RuleKind.PRESENT: _missing_are_fewer,
    RuleKind.REFERENCE: _reference_is_milder,
    RuleKind.COUNT: _threshold_is_wider,
    RuleKind.SHARE: _threshold_is_wider,
    RuleKind.FIGURE: _threshold_is_wider,
}
"""Kinds whose content can be compared; a changed text of another kind tells no direction."""


# ── The whole ────────────────────────────────────────────────────────────────────────────────────────────────────────
def _whole(old: Contract, new: Contract) -> Iterator[Change]:
    if old.id != new.id:
        yield Change(
            path="", what=f"another contract: {old.id} becomes {new.id}", senders=LESS, readers=BREAKS, level=Rise.MAJOR
        )
    if old.record != new.record:
        what = f"the record {old.record} becomes {new.record}"
        yield Change(path="", what=what, readers=BREAKS, level=Rise.MAJOR)
    if old.subject != new.subject:
        what = f"the subject {old.subject} becomes {new.subject}"
        yield Change(path="", what=what, readers=BREAKS, level=Rise.MAJOR)
    if old.key != new.key:
        return
    conflicts = [
        next((rule.arguments["conflict"] for rule in contract.rules if rule.kind is RuleKind.KEY), None)
        for contract in (old, new)
    ]
    if conflicts[0] != conflicts[1]:
        yield Change(
            path="", what=f"a conflict of keys: {conflicts[0]} becomes {conflicts[1]}", senders=LESS, level=Rise.MAJOR
        )

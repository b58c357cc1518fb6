"""Custom properties: the words that Headgate adds to the standard, and where each may stand."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.core.contract import Leniency
from headgate.core.near_name import near_name
from headgate.core.reasons import WEIGHT, Consequence
from headgate.core.yaml_cursor import Cursor, shown

WORDS: Mapping[str, frozenset[str]] = {
    "reasonCode": frozenset({"quality", "relationship"}),
    "column": frozenset({"quality"}),
    "consequence": frozenset({"record", "column", "quality", "relationship"}),
    "lenient": frozenset({"column"}),
    "subject": frozenset({"record"}),
    "conflict": frozenset({"column"}),
    "ifMissing": frozenset({"relationship"}),
}
"""Word -> places."""

LENIENCIES: Mapping[str, str] = {
    "number_in_text": "",
    "text_from_number": "",
    "boolean_in_text": "",
    "integral_decimal": "",
    "exponent": "",
    "trim": "",
    "empty_is_null": "",
    "thousands_comma": "",
    "decimal_comma": "",
    "currency_sign": "",
    "unit_suffix": "text",
    "boolean_words": "pair",
}
"""Name -> what its argument is."""

Consequences = Mapping[str, Consequence]
"""Reason code -> consequence; the code `*` is every other one."""

_VENDOR = "headgate"


def properties_of(place: Cursor, where: str) -> dict[str, Cursor]:
    """Our custom properties at a place (record, column, quality, relationship), each with its value.

    Another vendor's are passed over; one of ours that stands elsewhere, twice or nearly spelled is a problem.
    """
    found: dict[str, Cursor] = {}
    for entry in place.items("customProperties"):
        name = entry.word("property")
        if entry.word("vendor", _VENDOR) != _VENDOR:
            continue
        if name in found:
            entry.problem(f"the property {name!r} stands twice.", "Keep one.")
        elif name in WORDS and where in WORDS[name]:
            found[name] = entry.at("value")
        elif name in WORDS:
            entry.problem(
                f"{name!r} has no meaning at a {where}.", f"It stands at a {' or '.join(sorted(WORDS[name]))}."
            )
        elif near_name(name, WORDS) is not None and not entry.has("vendor"):
            entry.problem(f"the property {name!r} is not known.", f"Did you mean {near_name(name, WORDS)!r}?")
    return found


def read_consequences(value: Cursor | None) -> Consequences:
    """`hold`, or `{wrong_type: reject}`, as a map by reason code."""
    if value is None:
        return {}
    if isinstance(value.value, str):
        word = _consequence(value)
        return {} if word is None else {"*": word}
    found = {code: _consequence(entry) for code, entry in value.entries()}
    return {code: word for code, word in found.items() if word is not None}


def _consequence(value: Cursor) -> Consequence | None:
    for word in WEIGHT:
        if value.value == word.value:
            return word
    value.problem(f"the consequence is {shown(value.value)}.", "Write warn, hold or reject.")
    return None


def find_consequence(code: str, around: tuple[Consequences, ...]) -> Consequence:
    """The first that says something about the code, from the innermost outwards; else `hold`."""
    for words in around:
        if code in words:
            return words[code]
        if "*" in words:
            return words["*"]
    return Consequence.HOLD


def read_leniencies(value: Cursor | None) -> tuple[Leniency, ...]:
    """The list `[trim, {unit_suffix: km}]`."""
    if value is None:
        return ()
    if not isinstance(value.value, list):
        value.problem(f"`lenient` is {shown(value.value)}, not a list.", "Write [number_in_text].")
        return ()
    holder = Cursor(text=value.text, value={"value": value.value}, path=value.path[:-1], problems=value.problems)
    found = [_leniency(item) for item in holder.items("value")]
    return tuple(leniency for leniency in found if leniency is not None)


def _leniency(item: Cursor) -> Leniency | None:
    if isinstance(item.value, str):
        name, argument = item.value, None
    elif isinstance(item.value, dict) and len(item.value) == 1:
        name, argument = next(item.entries())
    else:
        item.problem(f"a leniency is {shown(item.value)}.", "Write a name, or {unit_suffix: km}.")
        return None
    if name not in LENIENCIES:
        near = near_name(name, LENIENCIES)
        item.problem(
            f"the leniency {name!r} is not known.",
            f"Did you mean {near!r}?" if near else f"Known: {', '.join(LENIENCIES)}.",
        )
        return None
    return _with_argument(item, name, argument)


def _with_argument(item: Cursor, name: str, argument: Cursor | None) -> Leniency | None:
    wanted, value = LENIENCIES[name], argument.value if argument is not None else None
    if wanted == "" and argument is None:
        return Leniency(name=name)
    if wanted == "text" and isinstance(value, str) and value:
        return Leniency(name=name, argument=value)
    if wanted == "pair" and isinstance(value, list) and len(value) == _PAIR:
        yes, no = value
        if isinstance(yes, str) and isinstance(no, str) and yes != no:
            return Leniency(name=name, argument=(yes, no))
    form = {"": name, "text": "{unit_suffix: km}", "pair": "{boolean_words: [ja, nein]}"}[wanted]
    item.problem(f"the leniency {name!r} is written {shown(value)}.", f"Write {form}.")
    return None


_PAIR = 2

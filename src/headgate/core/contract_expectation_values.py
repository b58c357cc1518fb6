"""Expectations about the values of one column, one by one."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.core.contract import Kind, RuleKind
from headgate.core.contract_builtin import on_column
from headgate.core.contract_drafts import Draft, check_pattern, value_text
from headgate.core.contract_expectation import Expectation, all_of, literal_of, need_text, predicate, quoted_text
from headgate.core.reasons import ReasonCode


def is_there(it: Expectation) -> Draft:
    """The value is there."""
    return on_column(it.site, it.column, RuleKind.PRESENT)


def of_type(it: Expectation) -> Draft | None:
    """The column's own type is among those named."""
    wanted = it.kwargs.words("type_list") or it.kwargs.words("type_")
    kinds = {_TYPE_NAMES.get(word.split("(")[0].strip().lower()) for word in wanted}
    own = Kind.NUMBER if it.column.kind is Kind.DECIMAL else it.column.kind
    if own not in kinds:
        it.kwargs.problem(
            f"{it.column.path} is {it.column.kind.value}, not {' or '.join(wanted) or 'nothing'}.",
            "Change `logicalType`.",
        )
        return None
    return on_column(it.site, it.column, RuleKind.TYPE)


def _values(it: Expectation, key: str = "value_set") -> list[str]:
    texts = [value_text(item.value, it.column, item) for item in it.kwargs.items(key)]
    if not texts:
        it.kwargs.problem(f"`{key}` is empty.", "Name the values.")
    return [text for text in texts if text is not None]


def in_set(it: Expectation) -> Draft:
    """The value is one of a set."""
    return on_column(it.site, it.column, RuleKind.ALLOWED, {"values": _values(it)})


def not_in_set(it: Expectation) -> Draft:
    """The value is none of a set."""
    listed = ", ".join(literal_of(value, it.column) for value in _values(it))
    return predicate(it, f"{it.name()} NOT IN ({listed})", code=ReasonCode.NOT_ALLOWED)


def between(it: Expectation) -> Draft | None:
    """The value lies within limits; they may be left out on one side."""
    found: dict[str, str] = {}
    for key, strict, names in _BOUNDS:
        value = it.kwargs.at(key)
        text = None if value.value is None else value_text(value.value, it.column, value)
        if text is not None:
            found[names[it.kwargs.flag(strict)]] = text
    if not found:
        it.kwargs.problem("neither `min_value` nor `max_value` is given.", "Name one.")
        return None
    return on_column(it.site, it.column, RuleKind.LIMITS, found)


def lengths(it: Expectation) -> Draft | None:
    """The length of a text or list lies within limits."""
    word = "items" if it.column.kind is Kind.ARRAY else "length"
    exact = it.kwargs.count("value")
    bounds = {"min": it.kwargs.count("min_value") if exact is None else exact,
              "max": it.kwargs.count("max_value") if exact is None else exact}  # fmt: skip
    found = {f"{side}_{word}": value for side, value in bounds.items() if value is not None}
    if not found or it.column.kind not in {Kind.STRING, Kind.ARRAY}:
        it.kwargs.problem(
            f"{it.column.path} is {it.column.kind.value}, or no length is named.", "Lengths are of text and lists."
        )
        return None
    return on_column(it.site, it.column, RuleKind.LENGTH, found)


def _regexes(it: Expectation, key: str) -> list[str]:
    found = it.kwargs.words(key)
    if not found:
        it.kwargs.problem(f"`{key}` is missing.", "Write the pattern.")
    need_text(it)
    return [pattern for pattern in found if check_pattern(pattern, it.kwargs.at(key))]


def matches(it: Expectation) -> Draft:
    """A part of the text matches."""
    # This vocabulary searches, our rule matches in full.
    searched = "|".join(f"(?:{pattern})" for pattern in _regexes(it, "regex"))
    return on_column(it.site, it.column, RuleKind.PATTERN, {"pattern": f"(?s:.*)(?:{searched})(?s:.*)"})


def matches_not(it: Expectation) -> Draft:
    """No part of the text matches."""
    return all_of(it, [f"NOT regexp_matches({it.name()}, {quoted_text(one)})" for one in _regexes(it, "regex")])


def matches_listed(it: Expectation) -> Draft:
    """A part of the text matches one of the patterns, or all of them."""
    tests = [f"regexp_matches({it.name()}, {quoted_text(one)})" for one in _regexes(it, "regex_list")]
    together = " AND " if it.kwargs.choice("match_on", ("any", "all"), "any") == "all" else " OR "
    return predicate(it, together.join(tests), code=ReasonCode.BAD_FORMAT)


def matches_none(it: Expectation) -> Draft:
    """No part of the text matches one of the patterns."""
    return all_of(it, [f"NOT regexp_matches({it.name()}, {quoted_text(one)})" for one in _regexes(it, "regex_list")])


def like(it: Expectation) -> Draft:
    """The text is like a pattern of SQL."""
    need_text(it)
    return predicate(it, f"{it.name()} LIKE {quoted_text(it.kwargs.word('like_pattern'))}", code=ReasonCode.BAD_FORMAT)


def unlike(it: Expectation) -> Draft:
    """The text is not like a pattern of SQL."""
    need_text(it)
    return predicate(
        it, f"{it.name()} NOT LIKE {quoted_text(it.kwargs.word('like_pattern'))}", code=ReasonCode.BAD_FORMAT
    )


def has_time_form(it: Expectation) -> Draft:
    """The text can be read as a time in a form of strptime."""
    need_text(it)
    return on_column(it.site, it.column, RuleKind.FORMAT, {"strftime": it.kwargs.word("strftime_format")})


def is_json(it: Expectation) -> Draft:
    """The text is JSON."""
    need_text(it)
    return predicate(it, f"json_valid({it.name()})", code=ReasonCode.BAD_FORMAT)


def is_null(it: Expectation) -> Draft:
    """There is no value."""
    return predicate(it, f"{it.name()} IS NULL", pass_null=False)


_BOUNDS = (
    ("min_value", "strict_min", ("minimum", "exclusive_minimum")),
    ("max_value", "strict_max", ("maximum", "exclusive_maximum")),
)

_TYPE_NAMES: Mapping[str, Kind] = {
    **dict.fromkeys(("varchar", "string", "str", "text", "char", "object"), Kind.STRING),
    **dict.fromkeys(("integer", "int", "bigint", "smallint", "int64", "int32", "long"), Kind.INTEGER),
    **dict.fromkeys(("double", "float", "float64", "real", "decimal", "numeric", "number"), Kind.NUMBER),
    **dict.fromkeys(("boolean", "bool"), Kind.BOOLEAN),
    "date": Kind.DATE,
    "time": Kind.TIME,
    **dict.fromkeys(("timestamp", "timestamptz", "datetime", "datetime64[ns]"), Kind.TIMESTAMP),
    "struct": Kind.OBJECT,
    **dict.fromkeys(("list", "array"), Kind.ARRAY),
}

"""What a column may take beyond the strict reading: each leniency by name, none of which rounds."""

from __future__ import annotations

from headgate.core.contract import Column
from headgate.core.sql import literal

CURRENCY_SIGNS = "€$£¥"


def unquoted(text: str) -> str:
    """SQL of the text of a JSON string, NULL for anything else. Only a backslash needs the slow way."""
    slow = f"json_extract_string(CAST({text} AS JSON), '$')"
    fast = f"replace({text}, '\"', '')"
    return f"CASE WHEN starts_with({text}, '\"') THEN CASE WHEN contains({text}, '\\') THEN {slow} ELSE {fast} END END"


def lenient_text(column: Column, text: str, *, json: bool) -> str:
    """SQL of the text that a number or time is read from, after the column's leniencies.

    JSON text of another type keeps its first character (a quote, t, f, n, { or [), by which it is refused later.
    """
    leniencies = {leniency.name: leniency.argument for leniency in column.lenient}
    value = text
    if json and leniencies.keys() & {
        "number_in_text",
        "thousands_comma",
        "decimal_comma",
        "currency_sign",
        "unit_suffix",
    }:
        value = (
            f"CASE WHEN starts_with({text}, '\"') THEN json_extract_string(CAST({text} AS JSON), '$') ELSE {text} END"
        )
    if not leniencies:
        return value if json else f"nullif({value}, '')"
    if "trim" in leniencies:
        value = f"trim({value})"
    if "currency_sign" in leniencies:
        value = f"trim({value}, {literal(CURRENCY_SIGNS + ' ')})"
    if "unit_suffix" in leniencies:
        suffix = literal(str(leniencies["unit_suffix"]))
        value = f"CASE WHEN ends_with({value}, {suffix}) THEN trim({value}[:-strlen({suffix})-1]) ELSE {value} END"
    if "thousands_comma" in leniencies:
        # only commas that really part thousands: 1,234,567.8 but not 1,2
        grouped = f"regexp_full_match({value}, '-?[0-9]{{1,3}}(,[0-9]{{3}})+(\\.[0-9]*)?')"
        value = f"CASE WHEN {grouped} THEN replace({value}, ',', '') ELSE {value} END"
    if "decimal_comma" in leniencies:
        value = (
            f"CASE WHEN regexp_full_match({value}, '-?[0-9]+,[0-9]+') THEN replace({value}, ',', '.') ELSE {value} END"
        )
    return value if json and "empty_is_null" not in leniencies else f"nullif({value}, '')"


def lenient_boolean(column: Column, text: str, *, json: bool) -> str:
    """SQL of a boolean: the JSON words, in text formats also as text, and the words that the column names."""
    leniencies = {leniency.name: leniency.argument for leniency in column.lenient}
    taken = [(text, "true", "false")]
    if not json:
        taken = [(f"trim({text})" if "trim" in leniencies else text, "true", "false")]
    word = unquoted(text) if json else text
    word = f"trim({word})" if "trim" in leniencies else word
    if json and "boolean_in_text" in leniencies:
        taken.append((word, "true", "false"))
    words = leniencies.get("boolean_words")
    if isinstance(words, tuple):
        taken.append((word, words[0], words[1]))
    cases = [
        f"WHEN {value} = {literal(yes)} THEN true WHEN {value} = {literal(no)} THEN false" for value, yes, no in taken
    ]
    return f"CASE {' '.join(cases)} END"

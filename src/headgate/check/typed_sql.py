"""SQL that turns the text of one value into the column's type, or into NULL where the text is of another type.

Engines coerce without a trace (2.5 becomes the integer 2, "2.5" becomes 3, true becomes 1.00), so the text itself is
looked at first. JSON text keeps its quotes, which tells the type; text formats have no types, so there the form of the
text decides. What is allowed beyond is named in the column's leniencies.
"""

from __future__ import annotations

from headgate.check.leniency_sql import lenient_boolean, lenient_text, unquoted
from headgate.check.time_sql import date_sql, time_sql, timestamp_sql
from headgate.core.contract import Column, Kind

INTEGER_TYPES = {
    "i8": "TINYINT",
    "i16": "SMALLINT",
    "i32": "INTEGER",
    "i64": "BIGINT",
    "u8": "UTINYINT",
    "u16": "USMALLINT",
    "u32": "UINTEGER",
    "u64": "UBIGINT",
}
STORED_INTEGER = {"u64": "DECIMAL(20,0)"}  # Delta has no unsigned type; every other format fits 64 bits signed


def typed(column: Column, text: str, *, json: bool) -> str:
    """The value as the column's type; `text` is SQL giving JSON text (quotes kept) or plain text."""
    if column.kind is Kind.STRING:
        return _string(column, text, json=json)
    if column.kind is Kind.BOOLEAN:
        return lenient_boolean(column, text, json=json)
    plain = lenient_text(column, text, json=json)
    if column.kind is Kind.INTEGER:
        return _integer(column, plain, json=json)
    if column.kind is Kind.DECIMAL:
        return _decimal(column, plain, json=json)
    if column.kind is Kind.NUMBER:
        return _number(plain, json=json and not column.lenient)
    moment = _moment_text(column, text) if json else plain
    if column.kind is Kind.DATE:
        return date_sql(column, moment)
    if column.kind is Kind.TIME:
        return time_sql(column, moment)
    return timestamp_sql(column, moment, quoted_text=text if json else None)


def is_missing(column: Column, text: str, *, json: bool) -> str:
    """SQL that is TRUE where no value is there: NULL, in text formats also empty, and what the leniencies add."""
    names = {leniency.name for leniency in column.lenient}
    if not json:
        return f"nullif({f'trim({text})' if 'trim' in names else text}, '') IS NULL"
    if "empty_is_null" not in names:
        return f"{text} IS NULL"
    empty = f"regexp_full_match({text}, '\" *\"')" if "trim" in names else f"{text} = '\"\"'"
    return f"({text} IS NULL OR {empty})"


def sql_type(column: Column) -> str:
    """The engine's type of a typed column."""
    if column.kind is Kind.OBJECT:
        fields = ", ".join(f'"{child.name}" {sql_type(child)}' for child in column.children)
        return f"STRUCT({fields})"
    if column.kind is Kind.ARRAY:
        assert column.element is not None
        return f"{sql_type(column.element)}[]"
    if column.kind is Kind.INTEGER:
        return STORED_INTEGER.get(column.integer_format, "BIGINT")
    if column.kind is Kind.DECIMAL:
        return f"DECIMAL({column.precision},{column.scale})"
    return {
        Kind.STRING: "VARCHAR",
        Kind.NUMBER: "DOUBLE",
        Kind.BOOLEAN: "BOOLEAN",
        Kind.DATE: "DATE",
        Kind.TIME: "TIME",
        Kind.TIMESTAMP: "TIMESTAMPTZ",
    }[column.kind]


def _moment_text(column: Column, text: str) -> str:
    """The text of a JSON string that a date or time is read from."""
    value = unquoted(text)
    return f"trim({value})" if any(leniency.name == "trim" for leniency in column.lenient) else value


def _string(column: Column, text: str, *, json: bool) -> str:
    names = {leniency.name for leniency in column.lenient}
    value = unquoted(text) if json else text
    if json and "text_from_number" in names:
        value = f"CASE WHEN regexp_full_match({text}, '-?[0-9].*') THEN {text} ELSE {value} END"
    if "trim" in names:
        value = f"trim({value})"
    if not json or "empty_is_null" in names:
        value = f"nullif({value}, '')"
    return value


def _integer(column: Column, text: str, *, json: bool) -> str:
    kind = INTEGER_TYPES[column.integer_format]
    stored = STORED_INTEGER.get(column.integer_format, "BIGINT")
    names = {leniency.name for leniency in column.lenient}
    numeric = _looks_numeric(text, json=json and not column.lenient)
    plain = f"NOT contains({text}, '.') AND {_without_exponent(text)}"
    value = f"CASE WHEN {plain} AND {numeric} THEN TRY_CAST({text} AS {kind}) END"
    if names & {"integral_decimal", "exponent"}:
        forms = [_without_exponent(text)] if "integral_decimal" in names else []
        forms += [f"NOT ({_without_exponent(text)})"] if "exponent" in names else []
        whole = f"({' OR '.join(forms)}) AND {numeric} AND {_fits_scale(text, 0)}"
        value = f"coalesce({value}, CASE WHEN {whole} THEN TRY_CAST(TRY_CAST({text} AS DECIMAL(38,0)) AS {kind}) END)"
    return value if kind == stored else f"CAST({value} AS {stored})"


def narrow_integer(column: Column, value: str) -> str:
    """SQL of a whole number in the range of the column's format, NULL beyond; `value` is a number of the widest."""
    kind = INTEGER_TYPES[column.integer_format]
    stored = STORED_INTEGER.get(column.integer_format, "BIGINT")
    return f"CAST(TRY_CAST({value} AS {kind}) AS {stored})"


def _decimal(column: Column, text: str, *, json: bool) -> str:
    numeric = _looks_numeric(text, json=json and not column.lenient)
    few_digits = f"strpos({text}, '.') = 0 OR strlen({text}) - strpos({text}, '.') <= {column.scale}"
    short = f"({few_digits}) AND {_without_exponent(text)}"
    value = f"TRY_CAST({text} AS DECIMAL({column.precision},{column.scale}))"
    # with an exponent the engine wants room for the digits before they are moved
    wide = f"TRY_CAST(TRY_CAST({text} AS DECIMAL(38,{column.scale})) AS DECIMAL({column.precision},{column.scale}))"
    exact = f"WHEN {numeric} AND {_fits_scale(text, column.scale)} THEN {wide}"
    return f"CASE WHEN {numeric} AND ({short}) THEN {value} {exact} END"


def _without_exponent(text: str) -> str:
    return f"NOT contains({text}, 'e') AND NOT contains({text}, 'E')"


def _fits_scale(text: str, scale: int) -> str:
    """TRUE where a number has nothing but zeros beyond `scale` decimals, told by its digits: a cast would round."""
    point = f"regexp_full_match({text}, '-?[0-9]+([.][0-9]{{0,{scale}}}0*)?')"
    form = "'^-?([0-9]+)(?:[.]([0-9]*))?[eE]([+-]?[0-9]+)$'"
    whole, fraction, exponent = (f"regexp_extract({text}, {form}, {group})" for group in (1, 2, 3))
    digits = f"concat({whole}, {fraction})"
    decimals = f"strlen({fraction}) - TRY_CAST({exponent} AS INTEGER) - strlen({digits}) + strlen(rtrim({digits}, '0'))"
    moved = f"(rtrim({digits}, '0') = '' OR {decimals} <= {scale})"
    return f"CASE WHEN {_without_exponent(text)} THEN {point} ELSE {moved} END"


def _number(text: str, *, json: bool) -> str:
    value = f"TRY_CAST({text} AS DOUBLE)"
    return f"CASE WHEN {_looks_numeric(text, json=json)} AND isfinite({value}) THEN {value} END"


def _looks_numeric(text: str, *, json: bool) -> str:
    """Begins like a number, and has none of what casts take beyond numbers: 1_000, 0x10, inf, nan, spaces.

    JSON itself allows nothing of that in a number, so there the first character tells all.
    """
    first = f"(ascii({text}) BETWEEN 48 AND 57 OR ascii({text}) = 45)"
    if json:
        return first
    return f"regexp_full_match({text}, '-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?')"

"""SQL that turns the text of one value into the column's type, or into NULL where the text is of another type.

Engines coerce without a trace (2.5 becomes the integer 2, "2.5" becomes 3, true becomes 1.00), so the text itself is
looked at first. JSON text keeps its quotes, which tells the type; text formats have no types, so there the form of the
text decides. What is allowed beyond is named in the column's leniencies.
"""

from __future__ import annotations

from headgate.check.leniency_sql import lenient_boolean, lenient_text
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
MAX_NUMBER_LENGTH = 40  # longer digits would be rounded before they can be compared


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
        return _number(plain, json=json)
    unquoted = _unquoted(text) if json else plain
    if column.kind is Kind.DATE:
        return date_sql(column, unquoted)
    if column.kind is Kind.TIME:
        return time_sql(column, unquoted)
    return timestamp_sql(column, unquoted, quoted_text=text if json else None)


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


def _unquoted(text: str) -> str:
    """The text of a JSON string, NULL for anything else. Only a backslash needs the slow way."""
    slow = f"json_extract_string(CAST({text} AS JSON), '$')"
    fast = f"replace({text}, '\"', '')"
    return f"CASE WHEN starts_with({text}, '\"') THEN CASE WHEN contains({text}, '\\') THEN {slow} ELSE {fast} END END"


def _string(column: Column, text: str, *, json: bool) -> str:
    names = {leniency.name for leniency in column.lenient}
    value = _unquoted(text) if json else text
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
    plain = f"NOT contains({text}, '.') AND NOT contains({text}, 'e') AND NOT contains({text}, 'E')"
    value = f"CASE WHEN {plain} AND {_looks_numeric(text, json=json and not column.lenient)} THEN TRY_CAST({text} AS {kind}) END"
    if names & {"integral_decimal", "exponent"}:
        wide = f"TRY_CAST({text} AS DECIMAL(38,10))"
        allowed = " OR ".join(
            ([f"NOT contains(lower({text}), 'e')"] if "integral_decimal" in names else [])
            + ([f"contains(lower({text}), 'e')"] if "exponent" in names else []),
        )
        exact = f"({allowed}) AND {_looks_numeric(text, json=json and not column.lenient)} AND {wide} = trunc({wide})"
        value = f"coalesce({value}, CASE WHEN {exact} THEN TRY_CAST({wide} AS {kind}) END)"
    return value if kind == stored else f"CAST({value} AS {stored})"


def _decimal(column: Column, text: str, *, json: bool) -> str:
    target = f"DECIMAL({column.precision},{column.scale})"
    whole_digits = column.precision - column.scale
    wide = f"DECIMAL(38,{38 - whole_digits})"
    value = f"TRY_CAST({text} AS {target})"
    few_digits = f"strpos({text}, '.') = 0 OR strlen({text}) - strpos({text}, '.') <= {column.scale}"
    short = f"({few_digits}) AND NOT contains({text}, 'e') AND NOT contains({text}, 'E')"
    exact = f"strlen({text}) <= {MAX_NUMBER_LENGTH} AND TRY_CAST({text} AS {wide}) = {value}"
    return f"CASE WHEN {_looks_numeric(text, json=json and not column.lenient)} AND (({short}) OR ({exact})) THEN {value} END"


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

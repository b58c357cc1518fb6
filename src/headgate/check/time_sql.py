"""Dates and times: ISO 8601 by default, else a pattern of Java's DateTimeFormatter as the standard says."""

from __future__ import annotations

from headgate.core.contract import Column
from headgate.core.date_patterns import read_date_pattern
from headgate.core.sql import literal

_HOUR = "([01][0-9]|2[0-3])"
_ISO_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_ISO_TIME = rf"{_HOUR}:[0-9]{{2}}:[0-9]{{2}}([.][0-9]{{1,6}})?"
_OFFSET = rf"(Z|[+-]{_HOUR}:?[0-5][0-9])"
_USUAL = "%Y-%m-%dT%H:%M:%SZ"
FIRST_DAY = "DATE '0001-01-01'"  # the year 0 is none in ISO 8601's common form, and most readers refuse it


def date_sql(column: Column, text: str) -> str:
    """SQL of a date."""
    if column.date_format:
        return f"CAST({_by_pattern(column.date_format, text)} AS DATE)"
    value = f"TRY_CAST({text} AS DATE)"
    return f"CASE WHEN regexp_full_match({text}, '{_ISO_DATE}') AND {value} >= {FIRST_DAY} THEN {value} END"


def time_sql(column: Column, text: str) -> str:
    """SQL of a time of day."""
    if column.date_format:
        return f"CAST({_by_pattern(column.date_format, text)} AS TIME)"
    return f"CASE WHEN regexp_full_match({text}, '{_ISO_TIME}') THEN TRY_CAST({text} AS TIME) END"


def timestamp_sql(column: Column, text: str, *, quoted_text: str | None) -> str:
    """SQL of a moment in UTC; `quoted_text` is the JSON text, where there is one: the usual form needs no other."""
    zone = literal(column.default_timezone)
    if column.date_format:
        moment = _by_pattern(column.date_format, text)
        if read_date_pattern(column.date_format).has_offset:
            return f"CAST({moment} AS TIMESTAMPTZ)"
        return f"timezone({zone}, CAST({moment} AS TIMESTAMP))"
    day = f"{_ISO_DATE}[T ]"
    value = f"CASE WHEN regexp_full_match({text}, '{day}{_ISO_TIME}{_OFFSET}') THEN {_since_first(text, 'TIMESTAMPTZ')}"
    if not column.offset_required:
        local = f"timezone({zone}, {_since_first(text, 'TIMESTAMP')})"
        value += f" WHEN regexp_full_match({text}, '{day}{_ISO_TIME}') THEN {local}"
    value += " END"
    # the form that nearly every sender uses, of one length, is read three times as fast
    quote = "" if quoted_text is None else '"'
    source, form = quoted_text or text, f"{quote}{_USUAL}{quote}"
    # strptime passes over white space around a text and is content with fewer digits: of this length, with these ends,
    # all digits are there. Asked once, and made a moment from microseconds: a zone's name costs as much as the reading
    is_usual = (
        f"strlen({source}) = {20 + 2 * len(quote)} AND ascii({source}) > 32 "
        f"AND ends_with({source}, {literal(form[-1])}) AND NOT starts_with({source}, {literal(quote + '0000')})"
    )
    usual = f"make_timestamptz(epoch_us(try_strptime({source}, {literal(form)})))"
    return f"coalesce(CASE WHEN {is_usual} THEN {usual} END, {value})"


def _since_first(text: str, kind: str) -> str:
    return f"CASE WHEN NOT starts_with({text}, '0000') THEN TRY_CAST({text} AS {kind}) END"


def _by_pattern(pattern: str, text: str) -> str:
    """SQL of a moment by a DateTimeFormatter pattern: in its very shape, for strptime is content with fewer digits."""
    found = read_date_pattern(pattern)
    read = text
    if found.has_offset:  # strptime knows offsets, but not the letter Z
        read = f"CASE WHEN ends_with({text}, 'Z') THEN concat({text}[:-2], '+00:00') ELSE {text} END"
    moment = f"try_strptime({read}, {literal(found.strptime)})"
    first = f" AND {moment} >= {FIRST_DAY}" if found.has_date else ""
    return f"CASE WHEN regexp_full_match({text}, {literal(found.shape)}){first} THEN {moment} END"

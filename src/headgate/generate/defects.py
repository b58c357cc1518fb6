"""What can be wrong in generated data, and what Headgate must say of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

from headgate.core.reasons import ReasonCode, Verdict


class Defect(StrEnum):
    """What is wrong with one row."""

    MISSING_FIELD = "missing_field"  # a required value is absent or null
    WRONG_TYPE = "wrong_type"  # another JSON kind, or more decimals than the column has
    NEGATIVE_AMOUNT = "negative_amount"  # prices or shipping below zero, sums consistent
    ABSURD_AMOUNT = "absurd_amount"  # 12,000 to 80,000 EUR, sums consistent
    TOTAL_MISMATCH = "total_mismatch"  # the total is off by 1.00 to 40.00
    LINE_MISMATCH = "line_mismatch"  # a line is off by 0.50 to 9.99, the total fits the wrong line
    BAD_QUANTITY = "bad_quantity"  # 0, or 1,000 to 1,500 of a cheap thing; sums consistent
    UNKNOWN_CATEGORY = "unknown_category"  # a category that the contract does not name
    UNKNOWN_CURRENCY = "unknown_currency"  # a currency that is not booked
    BAD_FORMAT = "bad_format"  # id, e-mail, country or product id of the wrong form
    FUTURE_DATE = "future_date"  # two to four years after the end of the data
    DUPLICATE_WITHIN = "duplicate_within"  # an equal record once more, later in the file
    DUPLICATE_ACROSS = "duplicate_across"  # an equal record once more, in a later file
    KEY_CONFLICT = "key_conflict"  # the id of an earlier record on another one
    TWIN_KEYS = "twin_keys"  # a key twice in an object
    HIGH_AMOUNT = "high_amount"  # a customer of modest orders spends 25 times the usual, under the limit
    BURST = "burst"  # 8 orders of one customer within 5 minutes
    ODD_HOUR = "odd_hour"  # a customer of daytime orders buys between 01:00 and 05:00 UTC
    REPEATED_CARD = "repeated_card"  # 6 customers pay with one card within an hour
    ODD_PRICE = "odd_price"  # one price is 200 times the usual of its category, or less than a 200th of it


class FileDefect(StrEnum):
    """What is wrong with a whole file."""

    MALFORMED_MIDDLE = "malformed_middle"  # bytes that are no record stand between two records
    CUT_OFF = "cut_off"  # the file ends inside a record
    WRONG_ENCODING = "wrong_encoding"  # Latin-1 or UTF-16 instead of UTF-8
    EMPTY = "empty"  # no byte


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What the answer key says of a defect."""

    code: str  # reason code, or the name of the anomaly
    verdict: Verdict
    decided_by: Literal["rule", "statistics"] = "rule"
    group: int = 1  # rows that make the defect together


def _held(code: str) -> Expected:
    return Expected(code=code, verdict=Verdict.HELD)


def _rejected(code: str) -> Expected:
    return Expected(code=code, verdict=Verdict.REJECTED)


def _odd(code: str, group: int = 1) -> Expected:
    return Expected(code=code, verdict=Verdict.ACCEPTED, decided_by="statistics", group=group)


def _again() -> Expected:
    return Expected(code=ReasonCode.DUPLICATE_ID, verdict=Verdict.DUPLICATE)


EXPECTED = {
    Defect.MISSING_FIELD: _held(ReasonCode.MISSING_VALUE),
    Defect.WRONG_TYPE: _rejected(ReasonCode.WRONG_TYPE),
    Defect.NEGATIVE_AMOUNT: _rejected("negative_amount"),
    Defect.ABSURD_AMOUNT: _held("over_limit"),
    Defect.TOTAL_MISMATCH: _held("total_mismatch"),
    Defect.LINE_MISMATCH: _held("line_mismatch"),
    Defect.BAD_QUANTITY: _held(ReasonCode.OUT_OF_RANGE),
    Defect.UNKNOWN_CATEGORY: _held("unknown_category"),
    Defect.UNKNOWN_CURRENCY: _held("unknown_currency"),
    Defect.BAD_FORMAT: _held(ReasonCode.BAD_FORMAT),
    Defect.FUTURE_DATE: _rejected("future_date"),
    Defect.DUPLICATE_WITHIN: _again(),
    Defect.DUPLICATE_ACROSS: _again(),
    Defect.KEY_CONFLICT: _held(ReasonCode.KEY_CONFLICT),
    Defect.TWIN_KEYS: _held(ReasonCode.TWIN_KEY),
    Defect.HIGH_AMOUNT: _odd("high_amount"),
    Defect.BURST: _odd("burst", group=8),
    Defect.ODD_HOUR: _odd("odd_hour"),
    Defect.REPEATED_CARD: _odd("repeated_card", group=6),
    Defect.ODD_PRICE: _odd("odd_price"),
}

EXPECTED_FILE = {
    FileDefect.MALFORMED_MIDDLE: ReasonCode.MALFORMED,
    FileDefect.CUT_OFF: ReasonCode.MALFORMED,
    FileDefect.WRONG_ENCODING: ReasonCode.BAD_ENCODING,
    FileDefect.EMPTY: ReasonCode.EMPTY_FILE,
}

COPIES = frozenset({Defect.DUPLICATE_WITHIN, Defect.DUPLICATE_ACROSS})
"""Rows that repeat another record whole."""

WITH_MODEL = COPIES | {Defect.KEY_CONFLICT}
"""Rows that take something from an earlier one."""

BY_HISTORY = frozenset({Defect.HIGH_AMOUNT, Defect.ODD_HOUR})
"""Rows that are odd only beside what their customer did before."""

BY_CATEGORY = frozenset({Defect.ODD_PRICE})
"""Rows that are odd only beside what else is sold in a category."""

GROUPS = frozenset(kind for kind, expected in EXPECTED.items() if expected.group > 1)


def verdict_of(kind: Defect, column: str) -> Verdict:
    """The verdict on a row; a row without its key is rejected where another missing value is held."""
    if kind is Defect.MISSING_FIELD and column == "transaction_id":
        return Verdict.REJECTED
    return EXPECTED[kind].verdict

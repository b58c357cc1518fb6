"""Why a row, a delivery or a stretch of bytes is not simply accepted: codes, consequences, verdicts."""

from __future__ import annotations

from enum import StrEnum


class Consequence(StrEnum):
    """What a broken rule does, from mild to severe."""

    WARN = "warn"  # the row goes on and is counted
    HOLD = "hold"  # a person decides
    REJECT = "reject"  # stays in quarantine; only a correction helps


WEIGHT = {Consequence.WARN: 1, Consequence.HOLD: 2, Consequence.REJECT: 3}
"""The heaviest reason decides the row."""


class Verdict(StrEnum):
    """What becomes of a row."""

    ACCEPTED = "accepted"
    HELD = "held"
    REJECTED = "rejected"
    DUPLICATE = "duplicate"


class ReasonCode(StrEnum):
    """Codes that Headgate gives by itself; a contract adds its own by `reasonCode` or a rule's id."""

    MISSING_VALUE = "missing_value"  # a required column is absent, null or (in text formats) empty
    WRONG_TYPE = "wrong_type"  # another type than the contract says
    BAD_FORMAT = "bad_format"  # text that does not have the form asked for
    OUT_OF_RANGE = "out_of_range"  # a number or time beyond its limits
    BAD_LENGTH = "bad_length"  # a text or list too short or too long
    REPEATED_ITEM = "repeated_item"  # an element twice in a list of unique elements
    NOT_ALLOWED = "not_allowed"  # a value outside its enumeration
    CANNOT_EVALUATE = "cannot_evaluate"  # the rule's result is NULL though all it reads is sound
    DUPLICATE_ID = "duplicate_id"  # the same key with an equal record was accepted before
    KEY_CONFLICT = "key_conflict"  # the same key with another record was accepted before
    DUPLICATE_VALUE = "duplicate_value"  # a value that must be unique
    UNKNOWN_REFERENCE = "unknown_reference"  # no such key in the referenced table
    UNKNOWN_COLUMN = "unknown_column"  # a column that the contract does not name
    MISSING_COLUMN = "missing_column"  # a column of the contract absent from every record
    RETYPED_COLUMN = "retyped_column"  # half of a column's values or more have one other type
    TWIN_KEY = "twin_key"  # the same key twice in one object
    NO_RATE = "no_rate"  # a table parameter has no line for this row
    MALFORMED = "malformed"  # a stretch of bytes that is no record
    RAGGED_LINE = "ragged_line"  # a line with fewer or more fields than the header
    RECORD_TOO_LARGE = "record_too_large"  # over the limit for one record
    BAD_ENCODING = "bad_encoding"  # bytes that are no text in the file's encoding
    ROW_COUNT = "row_count"  # the delivery's number of rows
    STATED_COUNT = "stated_count"  # the sender's own count differs
    BELOW_THRESHOLD = "below_threshold"  # too few rows accepted
    NEW_VERSION = "new_version"  # other content under a name that came before
    NOT_ALL_ACCEPTED = "not_all_accepted"  # the flow is all-or-nothing
    DELIVERY_HELD = "delivery_held"  # a sound row of a delivery that is held as a whole
    DUPLICATE_DELIVERY = "duplicate_delivery"  # the same bytes were taken before
    EMPTY_FILE = "empty_file"  # no byte
    UNKNOWN_FORMAT = "unknown_format"  # no format that we read
    UNPACKED_TOO_LARGE = "unpacked_too_large"  # an archive over the limit for unpacked bytes
    TABLE_MISSING = "table_missing"  # a referenced table was never published; goes on by itself once it is
    CONTRACT_DRAFT = "contract_draft"  # a contract that is draft, proposed or retired never publishes


DRIFT = frozenset({ReasonCode.MISSING_COLUMN, ReasonCode.UNKNOWN_COLUMN, ReasonCode.RETYPED_COLUMN})
"""What holds a delivery since its columns are not those of the contract."""

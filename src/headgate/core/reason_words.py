"""What the built-in reason codes mean, in a sentence for people."""

from __future__ import annotations

import re
from collections.abc import Mapping

from headgate.core.contract import Rule
from headgate.core.reasons import ReasonCode

_C = ReasonCode

WORDS: Mapping[str, str] = {
    _C.MISSING_VALUE: "A required value is missing",
    _C.WRONG_TYPE: "A value has another type than the contract says",
    _C.BAD_FORMAT: "A text does not have the form asked for",
    _C.OUT_OF_RANGE: "A value lies beyond its limits",
    _C.BAD_LENGTH: "A text or list is too short or too long",
    _C.REPEATED_ITEM: "A list holds an element twice",
    _C.NOT_ALLOWED: "A value is none of those allowed",
    _C.CANNOT_EVALUATE: "A rule has no result, though all that it reads is sound",
    _C.DUPLICATE_ID: "The same record was accepted before",
    _C.KEY_CONFLICT: "The key was accepted before, with another record",
    _C.DUPLICATE_VALUE: "A value that must be unique stands twice",
    _C.UNKNOWN_REFERENCE: "The referenced table has no such key",
    _C.UNKNOWN_COLUMN: "The contract does not name this column",
    _C.MISSING_COLUMN: "A column of the contract is in no record",
    _C.RETYPED_COLUMN: "Half of a column's values have another type",
    _C.TWIN_KEY: "A name stands twice in one object",
    _C.NO_RATE: "There is no rate for this currency and day",
    _C.MALFORMED: "A stretch of bytes is no record",
    _C.RAGGED_LINE: "A line has more or fewer fields than the header",
    _C.RECORD_TOO_LARGE: "A record is larger than allowed",
    _C.BAD_ENCODING: "Bytes are no text in the file's encoding",
    _C.ROW_COUNT: "The number of rows is not what the contract says",
    _C.STATED_COUNT: "The sender states another number of records",
    _C.BELOW_THRESHOLD: "Too few rows are accepted",
    _C.NEW_VERSION: "A file of this name came before with other content",
    _C.NOT_ALL_ACCEPTED: "The flow takes all rows of a file or none",
    _C.DELIVERY_HELD: "The row is sound; its delivery is held as a whole",
    _C.DUPLICATE_DELIVERY: "The same bytes were taken before",
    _C.EMPTY_FILE: "The file is empty",
    _C.UNKNOWN_FORMAT: "The file has no format that can be read",
    _C.UNPACKED_TOO_LARGE: "The archive unpacks to more than allowed",
    _C.TABLE_MISSING: "A referenced table was never published",
    _C.CONTRACT_DRAFT: "The contract is not in force",
}

_PARAMETER = re.compile(r"\$([A-Za-z_]\w*)")


def in_words(code: str, rule: Rule | None, parameters: Mapping[str, str]) -> str:
    """A reason as a sentence: the rule's own words with the parameters' values, else those of the code."""
    if rule is not None and rule.description and not rule.builtin and code == rule.code:
        return _PARAMETER.sub(lambda found: parameters.get(found[1], found[0]), rule.description)
    return WORDS.get(code, "")

"""One sequence of bytes for each JSON value (RFC 8785): what is hashed and signed."""

from __future__ import annotations

import hashlib
import math
from decimal import Decimal
from typing import Any, cast

import rfc8785

from headgate.core.errors import HeadgateError

MAX_INTEGER = 2**53 - 1
"""Beyond it readers that keep numbers as 64-bit floats see another value (RFC 7493, section 2.2)."""


class CanonicalError(HeadgateError):
    """A value has no canonical JSON; the message names its path and how to write it instead."""


def canonical(value: object) -> bytes:
    """UTF-8 bytes of the value as canonical JSON.

    Takes None, bool, int, float, str, list, tuple and dict with string keys. CanonicalError for everything else, for
    integers beyond 2^53 - 1, for NaN and infinities, and for text with lone surrogates.

    >>> canonical({"b": 1.0, "a": [True, None]})
    b'{"a":[true,null],"b":1}'
    """
    try:
        return rfc8785.dumps(cast("Any", value))
    except RecursionError as error:
        raise CanonicalError("The value is nested too deeply for canonical JSON; flatten it.") from error
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise CanonicalError(_first_refusal(value, "$") or f"The value has no canonical JSON: {error}") from error


def digest(value: object) -> str:
    """SHA-256 of the canonical JSON, 64 hexadecimal characters."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _first_refusal(value: object, path: str) -> str | None:
    """The message about the first part of the value that cannot be written, in the order of the value."""
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                return f"{path} has the key {key!r} of type {type(key).__name__}; keys are text."
            if found := _text_refusal(key, f"a key of {path}") or _first_refusal(item, f"{path}.{key}"):
                return found
        return None
    if isinstance(value, list | tuple):
        found_items = (_first_refusal(item, f"{path}[{index}]") for index, item in enumerate(value))
        return next((found for found in found_items if found), None)
    return _scalar_refusal(value, path)


def _scalar_refusal(value: object, path: str) -> str | None:
    if value is None or isinstance(value, str):
        return _text_refusal(value or "", path)
    if isinstance(value, int | float):
        return _number_refusal(value, path)
    if isinstance(value, Decimal):
        return f"{path} is the Decimal {value}; write it as text at its scale, a float would change it."
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{path} is bytes; write them as hexadecimal or base64 text."
    return (
        f"{path} is of type {type(value).__name__}, which JSON does not have; write it as text, number, list or dict."
    )


def _number_refusal(value: float, path: str) -> str | None:
    if isinstance(value, int):
        inside = -MAX_INTEGER <= value <= MAX_INTEGER
        return None if inside else f"{path} is the integer {value}, beyond 2^53 - 1; write it as text."
    return None if math.isfinite(value) else f"{path} is {value}; JSON has no such number, write null or text."


def _text_refusal(text: str, where: str) -> str | None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        return f"{where} is {text!r}: character {error.start} is a lone surrogate; text must be valid Unicode."
    return None

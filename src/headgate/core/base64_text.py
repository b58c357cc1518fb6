"""Base64 with one spelling for each value, so that no bytes outside a hash can vary."""

from __future__ import annotations

import base64
import binascii


def encode_base64(value: bytes) -> str:
    """Bytes as standard base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(value).decode("ascii")


def decode_base64(text: str) -> bytes:
    """The bytes of canonical base64: padded, no line breaks, unused bits zero. Else ValueError."""
    try:
        value = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(f"{text[:80]!r} is not base64") from error
    if encode_base64(value) != text:
        raise ValueError(
            f"{text[:80]!r} is base64 in a spelling that is not canonical; expected {encode_base64(value)!r}"
        )
    return value

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.base64_text import decode_base64, encode_base64


@given(st.binary(max_size=70))
def test_text_and_bytes_are_one_to_one(value: bytes) -> None:
    assert decode_base64(encode_base64(value)) == value


@given(st.text(alphabet="AQZaz09+/=\n -_", max_size=12))
def test_every_text_that_is_read_is_the_only_one_for_its_bytes(text: str) -> None:
    try:
        value = decode_base64(text)
    except ValueError:
        return
    assert base64.b64encode(value).decode() == text


@pytest.mark.parametrize(
    "text", ["A", "AA", "AAA", "AB==", "AAB=", "AA==\n", "AA= =", "A-_A", "=", "AA==AA==", "\u0410A=="]
)
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base64"):
        decode_base64(text)

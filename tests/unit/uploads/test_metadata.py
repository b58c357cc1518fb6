from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.errors import UploadRefusedError
from headgate.uploads.metadata import claimed_sha256, parse_metadata
from headgate.uploads.refusals import Refusal

KEYS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters=","), min_size=1, max_size=64)


def encode(value: bytes | str) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def code_of(header: str) -> str:
    with pytest.raises(UploadRefusedError) as refused:
        parse_metadata(header)
    return refused.value.code


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", {}),
        (" ", {}),
        ("filename", None),
        (f"filename {encode('sales.csv')}", {"filename": "sales.csv"}),
        (f"filename {encode('Übersicht 1.csv')}, kind ", {"filename": "Übersicht 1.csv", "kind": ""}),
        (f"a {encode('x')},b,c {encode('y')}", {"a": "x", "b": "", "c": "y"}),
        (f"relativePath {encode('in/here.csv')}", {"relativePath": "in/here.csv"}),  # data, and used as no path
    ],
)
def test_a_header_is_read(header: str, expected: dict[str, str] | None) -> None:
    if expected is None:
        assert code_of(header) == Refusal.NAME
    else:
        assert parse_metadata(header) == expected


@pytest.mark.parametrize(
    "header",
    [
        ",", "a YQ==,", "a YQ==,a YQ==", "a,a", "a YQ", "a YR==", "a YQ==x", "a Y Q==", "a -_8=", "ä YQ==", "a\tYQ==",
        "k" * 65, f"a {encode(b'xff')[:-1]}", "a " + encode(b"\xff"), "a " + encode(b"\xed\xa0\x80"),
        "a" * 9000,
    ],
)  # fmt: skip
def test_a_header_that_is_none_is_refused(header: str) -> None:
    assert code_of(header) == Refusal.METADATA


@pytest.mark.parametrize("key", ["filename", "name"])
@pytest.mark.parametrize(
    "name",
    ["", " ", ".", "..", "/", "a/b", "../../etc/passwd", "a\\b", "C:\\x", "x" * 256, "ä" * 128],
)
def test_a_name_that_is_none_is_refused(key: str, name: str) -> None:
    assert code_of(f"{key} {encode(name)}") == Refusal.NAME


@pytest.mark.parametrize("character", ["\0", "\n", "\r", "\x1b", "\x7f", "\x85", "\u2028", "\u202e", "\u2066"])
def test_characters_that_mislead_are_refused(character: str) -> None:
    assert code_of(f"filename {encode(f'a{character}b')}") == Refusal.METADATA
    assert code_of(f"note {encode(f'a{character}b')}") == Refusal.METADATA


@given(st.dictionaries(KEYS, st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=50), max_size=9))
def test_what_a_client_writes_is_read(values: dict[str, str]) -> None:
    values = {key: value for key, value in values.items() if key not in {"filename", "name"}}
    assert parse_metadata(",".join(f"{key} {encode(value)}" for key, value in values.items())) == values


@given(st.text(st.characters(max_codepoint=0xFF), max_size=200))
def test_any_header_is_read_or_refused(header: str) -> None:
    with suppress(UploadRefusedError):
        assert all(isinstance(value, str) for value in parse_metadata(header).values())


@pytest.mark.parametrize("digest", ["", "a" * 63, "g" * 64, "a" * 65, " " + "a" * 64])
def test_a_digest_that_is_none_is_refused(digest: str) -> None:
    with pytest.raises(UploadRefusedError, match="sha256"):
        claimed_sha256({"sha256": digest})


def test_a_digest_is_told_in_lower_case() -> None:
    assert claimed_sha256({"sha256": "AB" * 32}) == "ab" * 32
    assert claimed_sha256({}) is None

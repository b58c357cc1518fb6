from __future__ import annotations

import hashlib
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core.canonical import MAX_INTEGER, CanonicalError, canonical, digest

UNICODE_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | UNICODE_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(UNICODE_TEXT, inner, max_size=4),
    max_leaves=12,
)


def test_example_of_rfc_8785_section_3_2_3() -> None:
    value = {
        "€": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\x80": "Control",
        "ö": "Latin Small Letter O With Diaeresis",
    }
    order = [line.split('":')[0] for line in canonical(value).decode()[1:-1].split(',"')]
    assert [json.loads('"' + key.lstrip('"') + '"') for key in order] == list("\r1\x80ö€\U0001f600\ufb33")


def test_example_of_rfc_8785_section_3_2_2() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": '€$\x0f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    expected = (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical(value) == expected.encode()


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("ffefffffffffffff", "-1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555555", "333333333.3333333"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
    ],
)
def test_floats_of_rfc_8785_appendix_b(bits: str, text: str) -> None:
    value = memoryview(bytes.fromhex(bits)[::-1]).cast("d")[0]
    assert canonical(value) == text.encode()


def as_double(digits: str) -> float:
    """A number as every reader with 64-bit floats sees it; integers that it holds exactly stay integers."""
    return int(digits) if abs(int(digits)) <= MAX_INTEGER else float(digits)


@given(JSON_VALUES)
def test_canonical_is_json_of_the_same_value(value: object) -> None:
    written = canonical(value)
    read = json.loads(written, parse_int=as_double)
    assert read == value
    assert canonical(read) == written


@given(st.dictionaries(UNICODE_TEXT, st.integers(0, 9), min_size=2))
def test_order_of_insertion_changes_nothing(value: dict[str, int]) -> None:
    assert canonical(value) == canonical(dict(reversed(value.items())))


def test_digest_is_sha_256_of_the_bytes() -> None:
    assert digest({"b": 1, "a": "ü"}) == hashlib.sha256('{"a":"ü","b":1}'.encode()).hexdigest()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": [1, Decimal("1.10")]}, r"\$\.a\[1\] is the Decimal 1\.10; write it as text"),
        ({"a": 2**53}, r"\$\.a is the integer 9007199254740992, beyond 2\^53 - 1"),
        ([-(2**53)], r"\$\[0\] is the integer -9007199254740992"),
        ({"a": {"b": b"raw"}}, r"\$\.a\.b is bytes; write them as hexadecimal"),
        ([float("nan")], r"\$\[0\] is nan"),
        (float("inf"), r"\$ is inf"),
        ([{"fits": 1}, ["fits"], b"raw"], r"\$\[2\] is bytes"),
        ({"a": {1: 2}}, r"\$\.a has the key 1 of type int"),
        ({"a": {1, 2}}, r"\$\.a is of type set"),
        ({"a": "\ud800"}, r"\$\.a is '\\ud800': character 0 is a lone surrogate"),
        ({"x": {"\udc00": 1}}, r"a key of \$\.x is"),
        ({"b": None, "\ud800": 1}, r"a key of \$ is"),
    ],
)
def test_what_has_no_canonical_form_is_refused_with_its_path(value: object, message: str) -> None:
    with pytest.raises(CanonicalError, match=message):
        canonical(value)


def test_largest_integers_are_written_in_full() -> None:
    assert canonical([MAX_INTEGER, -MAX_INTEGER]) == b"[9007199254740991,-9007199254740991]"


def test_endless_nesting_is_refused() -> None:
    value: list[object] = []
    value.append(value)
    with pytest.raises(CanonicalError, match="nested too deeply"):
        canonical(value)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.check.json_numbers import STEP_BYTES
from headgate.check.json_values import MOST_DEPTH, Outcome, depth, is_utf8, probe, split_values, unfit
from headgate.core.reasons import ReasonCode


@pytest.mark.parametrize(
    ("text", "end"),
    [
        (b'{"a": 1}, {"b": 2}', 8),
        (b"[1, 2] ]", 6),
        (b'"x, y" ,', 6),
        (b"12 ,", 2),
        (b"null]", 4),
        (b"-0.5e3,", 6),
        (b'{"a": "\\u0000"}', 15),
        (b"1e999,", 5),
    ],
)
def test_a_value_ends_where_the_parser_says(text: bytes, end: int) -> None:
    found = probe(text, 0, last=True)
    assert (found.outcome, found.end) == (Outcome.WHOLE, end)


@pytest.mark.parametrize(
    "text",
    [
        b"01",
        b"1.",
        b"+1",
        b"NaN",
        b"-Infinity",
        b"{a: 1}",
        b'{"a" 1}',
        b'{"a": 1,}',
        b'"\x01"',
        b'"\\x"',
        b'"\\ud800"',
        b'"\\udc00 and more text"',
        b'{"a": 1',
        b"[" * 5000,
    ],
)
def test_what_is_no_json_is_malformed(text: bytes) -> None:
    assert probe(text, 0, last=True).outcome is Outcome.MALFORMED


@pytest.mark.parametrize("text", [b'{"a": 1', b'"abc', b"12", b"tru", b"-", b"1.", b"12e+", b'{"a": -', b'["\\ud83d'])
def test_a_value_at_the_end_of_a_window_may_go_on(text: bytes) -> None:
    assert probe(text, 0, last=False).outcome is Outcome.CUT


def test_the_parser_tells_the_place_of_a_fault() -> None:
    # stepping through records depends on these words of msgspec
    assert probe(b'{"a": tru, "b": 1}                    ', 0, last=True).end == 6


def _unfit(texts: list[bytes], most: int = 1000) -> list[tuple[int, ReasonCode]]:
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    return [(index, code) for index, code, _ in unfit(b"".join(texts), lengths, most)]


def test_what_the_parser_lets_through_is_told() -> None:
    deep = b"[" * 65 + b"]" * 65
    texts = [b"{}", b'"\xff"', b'"\xed\xa0\x80"', deep, b'"' + b"x" * 1000 + b'"', deep[1:-1], '"ä"'.encode()]
    assert _unfit(texts) == [
        (1, ReasonCode.BAD_ENCODING),
        (2, ReasonCode.BAD_ENCODING),
        (3, ReasonCode.MALFORMED),
        (4, ReasonCode.RECORD_TOO_LARGE),
    ]


def test_brackets_in_strings_do_not_count_as_nesting() -> None:
    wide = b'{"a": "' + b"[{" * 200 + b'", "b": [' + b"{}, " * 100 + b"1]}"
    hidden = b'["' + b"]" * 100 + b'\\"", ' + b"[" * 64 + b"]" * 64 + b"]"
    assert _unfit([wide, hidden], 10_000) == [(1, ReasonCode.MALFORMED)]
    assert depth(wide) == 3
    assert depth(hidden) == 65


@given(st.integers(1, 130), st.integers(0, 9), st.integers(0, 9))
def test_depth_is_found_wherever_the_record_lies(levels: int, before: int, behind: int) -> None:
    deep = b"[" * levels + b"]" * levels
    texts = [*[b"1"] * before, deep, *[b"[1]"] * behind]
    assert _unfit(texts) == ([(before, ReasonCode.MALFORMED)] if levels > MOST_DEPTH else [])


@given(st.binary(max_size=40))
def test_utf8_is_what_python_decodes(data: bytes) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        assert not is_utf8(data)
    else:
        assert is_utf8(data)


def test_raw_values_come_without_white_space() -> None:
    assert [bytes(raw) for raw in split_values(b'[ 1 ,\n {"a": 2}\t]')] == [b"1", b'{"a": 2}']


@settings(max_examples=60, deadline=None)
@given(levels=st.integers(MOST_DEPTH - 1, MOST_DEPTH + 1), shift=st.integers(-150, 20), behind=st.integers(0, 9))
def test_depth_is_found_across_the_steps_that_brackets_are_counted_by(levels: int, shift: int, behind: int) -> None:
    nested = b'{"a":' * levels + b"1" + b"}" * levels
    first = b'"' + b"x" * (STEP_BYTES - 2 + shift) + b'"'
    texts = [first, nested, *([b"1"] * behind)]
    assert _unfit(texts, 1 << 20) == ([(1, ReasonCode.MALFORMED)] if levels > MOST_DEPTH else [])

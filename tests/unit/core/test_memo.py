"""What one process found is there for the next, and nothing that is damaged, foreign or of other inputs is taken."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.core import memo as memo_module
from headgate.core.memo import Memo


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    text: str
    exact: Decimal
    names: frozenset[str]
    more: Any = None


ANSWER = Answer(text="SELECT 'ä'", exact=Decimal("0.50"), names=frozenset({"a", "b"}))


def never() -> Answer:
    raise AssertionError("it was found before")


def handed_on(memo: Memo) -> bytes:
    content = memo.content()
    assert content is not None
    return content


@pytest.fixture
def content() -> bytes:
    memo = Memo(program="1")
    memo.result("answer", Answer, ["a", None, frozenset({"x", "y"})], lambda: ANSWER)
    return handed_on(memo)


def test_a_result_is_found_once_in_a_process() -> None:
    memo = Memo()
    found = memo.result("answer", Answer, 1, lambda: ANSWER)
    assert memo.result("answer", Answer, 1, never) is found


def test_the_next_process_has_the_result(content: bytes) -> None:
    memo = Memo(content, program="1")
    found = memo.result("answer", Answer, ["a", None, frozenset({"y", "x"})], never)
    assert repr(found.exact) == repr(ANSWER.exact)
    assert found == ANSWER
    assert memo.content() is None


@pytest.mark.parametrize("of", [["a", None, frozenset({"x"})], ["b", None, frozenset({"x", "y"})], "a", None])
def test_other_inputs_have_other_results(content: bytes, of: object) -> None:
    other = Answer(text="other", exact=Decimal(1), names=frozenset())
    assert Memo(content, program="1").result("answer", Answer, of, lambda: other) is other


def test_another_program_or_use_finds_its_own(content: bytes) -> None:
    other = Answer(text="other", exact=Decimal(1), names=frozenset())
    of = ["a", None, frozenset({"x", "y"})]
    assert Memo(content, program="2").result("answer", Answer, of, lambda: other) is other
    assert Memo(content, program="1").result("question", Answer, of, lambda: other) is other
    assert Memo(content, program="1").result("answer", int, of, lambda: 7) == 7


@given(st.data())
def test_damaged_content_is_nothing(data: st.DataObject) -> None:
    memo = Memo()
    memo.result("answer", Answer, 1, lambda: ANSWER)
    content = handed_on(memo)
    place = data.draw(st.integers(0, len(content) - 1))
    flipped = bytes([content[place] ^ (1 << data.draw(st.integers(0, 7)))])
    for damaged in (content[:place], content[:place] + flipped + content[place + 1 :], content + flipped):
        other = Answer(text="other", exact=Decimal(1), names=frozenset())
        assert Memo(damaged).result("answer", Answer, 1, lambda other=other: other) is other  # type: ignore[misc]


@pytest.mark.parametrize("body", [b"", b"[]", b'{"a": ', b"\xff"])
def test_content_of_another_shape_is_nothing(body: bytes) -> None:
    sealed = memo_module._sealed(body, "1")  # noqa: SLF001  what nobody but this module writes
    assert Memo(sealed, program="1").result("answer", int, 1, lambda: 7) == 7


def test_a_refusal_is_told_each_time() -> None:
    def refused() -> Answer:
        raise ValueError("no column here")

    memo = Memo()
    for _ in range(2):
        with pytest.raises(ValueError, match="no column here"):
            memo.result("answer", Answer, 1, refused)
    assert memo.content() is None


@pytest.mark.parametrize(
    "more",
    [(1, 2), Decimal("0.5"), {1: "a"}, b"a", float("nan"), "\ud800", object(), [frozenset({"a"})]],
    ids=["tuple", "decimal", "number as key", "bytes", "nan", "no Unicode", "object", "set"],
)
def test_what_json_does_not_give_back_is_not_kept(more: object) -> None:
    memo = Memo()
    answer = Answer(text="", exact=Decimal(1), names=frozenset(), more=more)
    assert memo.result("answer", Answer, 1, lambda: answer) is answer
    assert memo.content() is None


def test_inputs_that_are_no_unicode_are_not_kept() -> None:
    memo = Memo()
    assert memo.result("answer", int, "\ud800", lambda: 7) == 7
    assert memo.content() is None


def test_what_nobody_uses_any_more_goes_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo_module, "LEAST_BYTES", 4_000)
    content = b""
    for number in range(8):
        memo = Memo(content)
        assert memo.result("text", str, "always", lambda: "a" * 500) == "a" * 500
        memo.result("text", str, number, lambda: "b" * 1_000)
        content = handed_on(memo)
    assert len(content) < 4_200
    memo = Memo(content)
    for of in ("always", 7, 6):
        memo.result("text", str, of, _never_text)
    with pytest.raises(AssertionError):
        memo.result("text", str, 0, _never_text)


def test_what_a_process_uses_stays_however_much_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo_module, "LEAST_BYTES", 100)
    memo = Memo()
    for number in range(9):
        memo.result("text", str, number, lambda: "b" * 1_000)
    after = Memo(handed_on(memo))
    for number in range(9):
        after.result("text", str, number, _never_text)


def _never_text() -> str:
    raise AssertionError("it was found before")

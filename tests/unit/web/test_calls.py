"""How often an account may call."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from headgate.web import calls
from headgate.web.calls import Calls

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@given(
    st.integers(1, 20),
    st.lists(st.floats(0, 30, allow_nan=False).map(lambda seconds: timedelta(seconds=seconds)), max_size=60),
)
def test_no_span_has_more_calls_than_the_bucket_and_what_fills_it(per_minute: int, pauses: list[timedelta]) -> None:
    bucket, now, taken = Calls(), AT, list[datetime]()
    for pause in pauses:
        now += pause
        wait_s = bucket.wait_s("a", per_minute, now)
        if not wait_s:
            taken.append(now)
        else:
            assert Calls.wait_s(bucket, "a", per_minute, now) == wait_s  # who is refused is not set back
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            span_s = (taken[last] - taken[first]).total_seconds()
            assert last - first + 1 <= per_minute * (1 + span_s / 60) + 1e-6


def test_what_it_says_to_wait_is_enough() -> None:
    bucket = Calls()
    assert [bucket.wait_s("a", 7, AT) for _ in range(7)] == [0] * 7
    wait_s = bucket.wait_s("a", 7, AT)
    assert wait_s == 9
    assert bucket.wait_s("a", 7, AT + timedelta(seconds=wait_s)) == 0
    assert bucket.wait_s("b", 7, AT) == 0


def test_a_clock_that_is_set_back_gives_nothing() -> None:
    bucket = Calls()
    assert bucket.wait_s("a", 1, AT) == 0
    assert bucket.wait_s("a", 1, AT - timedelta(hours=1))
    assert bucket.wait_s("a", 1, AT + timedelta(seconds=30))
    assert bucket.wait_s("a", 1, AT + timedelta(seconds=60)) == 0


def test_it_forgets_who_was_silent_longest() -> None:
    bucket = Calls()
    for number in range(calls.MOST_ACCOUNTS + 5):
        bucket.wait_s(str(number), 1, AT)
    assert len(bucket._left) == calls.MOST_ACCOUNTS  # noqa: SLF001  what it holds is what is bounded
    assert bucket.wait_s("0", 1, AT) == 0
    assert bucket.wait_s(str(calls.MOST_ACCOUNTS), 1, AT) > 0

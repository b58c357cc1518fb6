from __future__ import annotations

import threading
from functools import partial

import pytest

from headgate.core.side_by_side import side_by_side


def doubled(hand: str, *, number: int) -> tuple[str, int]:
    return hand, 2 * number


@pytest.mark.parametrize("hands", [1, 2, 5])
def test_results_come_in_the_order_of_the_tasks(hands: int) -> None:
    results = side_by_side(["x"] * hands, [partial(doubled, number=number) for number in range(50)])
    assert results == [("x", 2 * number) for number in range(50)]


def test_no_task_is_no_result() -> None:
    assert side_by_side([1, 2], []) == []


def test_each_hand_is_used_by_one_thread_and_the_caller_has_the_first() -> None:
    both = threading.Barrier(2, timeout=30)

    def meet(hand: str) -> tuple[str, int]:
        both.wait()
        return hand, threading.get_ident()

    met = dict(side_by_side(["mine", "other"], [meet, meet, meet, meet]))
    assert met["mine"] == threading.get_ident()
    assert met["other"] != met["mine"]


def test_the_earliest_error_is_raised_when_all_have_ended() -> None:
    both, begun, ended = threading.Barrier(2, timeout=30), list[int](), list[int]()

    def fail(_: str, *, number: int) -> None:
        begun.append(number)
        if number < 2:
            both.wait()  # the second fails no sooner than the first has begun
        ended.append(number)
        raise ValueError(number)

    with pytest.raises(ValueError, match="0"):
        side_by_side(["a", "b"], [partial(fail, number=number) for number in range(40)])
    assert sorted(begun) == sorted(ended)
    assert len(begun) <= 3  # none is begun after an error


def test_an_interrupt_of_the_caller_waits_for_the_others() -> None:
    both, ended = threading.Barrier(2, timeout=30), list[str]()

    def work(hand: str) -> None:
        both.wait()
        if hand == "mine":
            raise KeyboardInterrupt
        ended.append(hand)

    with pytest.raises(KeyboardInterrupt):
        side_by_side(["mine", "other"], [work] * 20)
    assert ended == ["other"]

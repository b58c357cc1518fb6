"""Work begun before it is asked for: in order, no more than there is room for, errors told, threads ended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import count, islice
from time import sleep

import pytest

from headgate.check.ahead import AHEAD, Ahead


def test_results_come_in_the_order_of_the_items() -> None:
    def slow_if_even(item: int) -> int:
        sleep(0.002 * (item % 2 == 0))
        return item * item

    ahead = Ahead(slow_if_even, range(30))
    assert list(ahead) == [item * item for item in range(30)]
    assert list(ahead) == []
    ahead.close()


def test_it_begins_by_itself_and_goes_no_further_than_there_is_room() -> None:
    taken: list[int] = []
    full = threading.Event()

    def items() -> Iterator[int]:
        for item in count():
            taken.append(item)
            if len(taken) == AHEAD:
                full.set()
            yield item

    ahead = Ahead(str, items())
    assert full.wait(10)
    sleep(0.02)
    assert len(taken) == AHEAD
    assert list(islice(ahead, 3)) == ["0", "1", "2"]
    ahead.close()
    assert len(taken) <= AHEAD + 3


def test_what_the_work_raises_is_raised_in_its_place() -> None:
    ahead = Ahead(lambda item: 6 // item, [3, 2, 0, 1])
    assert [next(ahead), next(ahead)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(ahead)
    ahead.close()


def test_what_the_items_raise_is_raised_after_those_before() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("the file ends")

    ahead = Ahead(str, items())
    assert next(ahead) == "1"
    with pytest.raises(LookupError, match="the file ends"):
        next(ahead)
    ahead.close()


def test_its_threads_end_when_it_is_closed() -> None:
    before = threading.active_count()
    ahead = Ahead(str, count())
    assert next(ahead) == "0"
    ahead.close()
    assert threading.active_count() == before

"""Tasks on several threads, each thread with something of its own to work with."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Hand = TypeVar("Hand")
Result = TypeVar("Result")


def side_by_side(hands: Sequence[Hand], tasks: Sequence[Callable[[Hand], Result]]) -> list[Result]:
    """Results of the tasks in their order; each is begun in that order, by the first hand that is free.

    The caller's thread has the first hand. After an error no further task is begun; when those under way have ended,
    the error of the earliest task that failed is raised.

    >>> side_by_side([10, 100], [lambda hand: hand > 0, lambda hand: hand > 1])
    [True, True]
    """
    work = _Work(tasks)
    threads = [threading.Thread(target=work.take, args=(hand,), name="beside") for hand in hands[1 : len(tasks)]]
    for thread in threads:
        thread.start()
    try:
        work.take(hands[0])
    finally:
        work.stop()  # an interrupt comes to the caller's thread alone
        for thread in threads:
            thread.join()
    return work.results()


class _Work(Generic[Hand, Result]):
    def __init__(self, tasks: Sequence[Callable[[Hand], Result]]) -> None:
        self._tasks = tasks
        self._lock = threading.Lock()
        self._begun = 0
        self._done: dict[int, Result] = {}
        self._errors: dict[int, Exception] = {}

    def take(self, hand: Hand) -> None:
        """Take one task after the other, until none waits."""
        while (place := self._next()) is not None:
            try:
                self._done[place] = self._tasks[place](hand)
            except Exception as error:  # noqa: BLE001  it is raised in the caller's thread
                self._errors[place] = error
                self.stop()

    def stop(self) -> None:
        """Let no further task begin."""
        with self._lock:
            self._begun = len(self._tasks)

    def results(self) -> list[Result]:
        """What the tasks gave."""
        if self._errors:
            raise self._errors[min(self._errors)]
        return [self._done[place] for place in range(len(self._tasks))]

    def _next(self) -> int | None:
        with self._lock:
            if self._begun == len(self._tasks):
                return None
            self._begun += 1
            return self._begun - 1

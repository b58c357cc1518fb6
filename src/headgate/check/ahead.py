"""Work on a stream that is done before it is asked for, by threads beside those that ask."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

THREADS = 2
AHEAD = 3  # items in work or done, beside the one that is asked for: each may hold some MiB


def done_ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """`work` on each item, in order of the items, on threads; the items are taken by whoever asks for results.

    An engine asks for the next batch by one thread at a time: with the parsing done beside it, that is a short wait.
    """
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(THREADS, thread_name_prefix="ahead") as beside:
        for item in items:
            waiting.append(beside.submit(work, item))
            if len(waiting) > AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

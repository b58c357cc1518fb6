"""Work on a stream that is begun at once and done before it is asked for, by threads beside those that ask."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from threading import Semaphore
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

THREADS = 2
AHEAD = 4  # items in work or done that nobody asked for yet: each may hold some MiB


class Ahead(Iterator[Result], Generic[Item, Result]):
    """`work` on each item, in order of the items; one thread takes the items, others work on them.

    An engine asks for the next batch by one thread at a time: with reading and parsing done beside it, that is a short
    wait. What `work` or the items raise is raised to whoever asks next.
    """

    def __init__(self, work: Callable[[Item], Result], items: Iterable[Item]) -> None:
        self._begun: SimpleQueue[Future[Result] | None] = SimpleQueue()
        self._room = Semaphore(AHEAD)
        self._closed = False
        self._threads = ThreadPoolExecutor(1 + THREADS, thread_name_prefix="ahead")
        self._taking = self._threads.submit(self._take, work, iter(items))

    def _take(self, work: Callable[[Item], Result], items: Iterator[Item]) -> None:
        try:
            while True:
                self._room.acquire()
                if self._closed:
                    return
                try:
                    item = next(items)
                except StopIteration:
                    return
                self._begun.put(self._threads.submit(work, item))
        finally:
            self._begun.put(None)

    def __next__(self) -> Result:
        """The next result, when it is there."""
        begun = self._begun.get()
        if begun is None:
            self._begun.put(None)  # whoever asks again is told again
            self._taking.result()
            raise StopIteration
        self._room.release()
        return begun.result()

    def close(self) -> None:
        """End the threads; what nobody asked for is dropped."""
        self._closed = True
        self._room.release()
        self._threads.shutdown(cancel_futures=True)

"""What happens to deliveries, heard by many open pages: one task reads the log for all of them, no thread waits.

A change bears the index of its leaf. So a page that was cut off says which it heard last, and hears what came since.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Collection

import msgspec
from anyio import CapacityLimiter, to_thread

from headgate.core.errors import HeadgateError
from headgate.core.ports import Ledger

LOOK_S = 0.5  # between looks at the log, while somebody listens
KEPT = 1_000  # leaves that a page may have missed; beyond that it reads everything anew
MOST_OF_ONE = 8  # pages of one account
MOST = 512  # pages at all
READERS = 2  # threads that read for them


class Change(msgspec.Struct, frozen=True):
    """Something happened to a delivery."""

    index: int  # of the leaf
    at: str
    type: str  # the state that it came to, or what was done
    flow: str | None
    delivery: str


class Lost(msgspec.Struct, frozen=True):
    """More happened than is kept: whatever is shown is old."""

    index: int


class _Leaf(msgspec.Struct):
    at: str
    type: str
    flow: str | None
    delivery: str | None


class Feed:
    """The changes of one project, for the pages of one process."""

    def __init__(self, ledger: Ledger, *, look_s: float = LOOK_S) -> None:
        self._ledger = ledger
        self._look_s = look_s
        self._changes: deque[Change] = deque()
        self._from = self._upto = 0  # leaves that `_changes` tells of
        self._listeners: Counter[str] = Counter()
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self.closed = False
        self.threads = CapacityLimiter(READERS)  # for all pages together: the others are for requests

    def is_full(self, account: str) -> bool:
        """Whether so many pages listen, of the account or at all, that no other may."""
        return self._listeners[account] >= MOST_OF_ONE or self.listeners >= MOST

    @property
    def listeners(self) -> int:
        """How many listen."""
        return self._listeners.total()

    def close(self) -> None:
        """Let all that listen end."""
        self.closed = True

    async def listen(
        self, account: str, flows: Collection[str | None], after: int | None, *, beat_s: float
    ) -> AsyncIterator[list[Change | Lost]]:
        """What happens in these flows, as it comes; nothing in it where `beat_s` passed without.

        `after` is the last index that was heard. It ends at once where no more may listen.
        """
        if self.is_full(account):
            return
        self._listeners[account] += 1
        try:
            await self._start(after)
            heard = self._upto - 1 if after is None else after
            while not self.closed and self._reads():
                news = self._news
                fresh, heard = self._since(heard)
                wanted = [one for one in fresh if isinstance(one, Lost) or one.flow in flows]
                if wanted:
                    yield wanted
                    continue
                try:
                    await asyncio.wait_for(news.wait(), beat_s)
                except TimeoutError:
                    yield []
        finally:
            self._listeners[account] -= 1
            if not self.listeners and self._task is not None:
                self._task.cancel()
                self._task = None

    def _reads(self) -> bool:
        """Whether the log is read; where that failed, all that listen end, and who calls again has it begun anew."""
        return self._task is not None and not self._task.done()

    async def _start(self, after: int | None) -> None:
        if self._reads():
            return
        size = await to_thread.run_sync(self._ledger.log_size, limiter=self.threads)
        if self._reads():
            return  # somebody else began meanwhile
        missed = size if after is None else after + 1
        self._from = self._upto = missed if 0 <= size - missed <= KEPT else size
        self._changes.clear()
        self._task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        while not self.closed:
            try:
                changes, upto = await to_thread.run_sync(self._read, limiter=self.threads)
            except HeadgateError:
                changes, upto = [], self._upto  # the ledger is busy: what came is read at the next look
            if upto != self._upto:
                self._upto = upto
                self._changes += changes
                self._forget()
                self._wake()
            await asyncio.sleep(self._look_s)
        self._wake()

    def _read(self) -> tuple[list[Change], int]:
        size = min(self._ledger.log_size(), self._upto + KEPT)
        leaves = enumerate(self._ledger.leaves(self._upto, size), self._upto) if size > self._upto else ()
        found = ((index, msgspec.json.decode(leaf, type=_Leaf)) for index, leaf in leaves)
        return [
            Change(index, leaf.at, leaf.type, leaf.flow, leaf.delivery)
            for index, leaf in found
            if leaf.delivery is not None
        ], size

    def _forget(self) -> None:
        self._from = max(self._from, self._upto - KEPT)
        while self._changes and self._changes[0].index < self._from:
            self._changes.popleft()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _since(self, heard: int) -> tuple[list[Change | Lost], int]:
        """What came behind that index, and the index up to which everything is heard then."""
        upto = self._upto - 1
        if heard + 1 < self._from or heard > upto:
            return ([Lost(upto)] if heard != upto else []), upto
        return [one for one in self._changes if one.index > heard], upto

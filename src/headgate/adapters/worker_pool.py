"""What every pool of workers does, whatever a worker is: who ended, who is replaced, who is told to stop."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod

from headgate.core.ports import Compute

REPLACEMENTS = 3  # of workers that died, in all; what kills each new one is not mended by another


class Worker(ABC):
    """One worker that was started."""

    @abstractmethod
    def ended(self) -> bool | None:
        """None while it works; True where it ended by itself or because it was told to, False where it died."""

    @abstractmethod
    def tell_to_stop(self) -> None:
        """Let it end after the batch at hand; returns at once, and does nothing where it ended already."""

    @abstractmethod
    def wait(self) -> None:
        """Return once it has ended."""


class WorkerPool(Compute):
    """A pool over some kind of worker; a kind is a class that launches one."""

    def __init__(self) -> None:
        self._running: dict[str, Worker] = {}
        self._replaced = 0
        self._stopping = False

    @abstractmethod
    def _launch(self, owner: str) -> Worker:
        """Start one worker that holds its leases under the owner's name."""

    def start(self, workers: int) -> None:
        """Start so many workers."""
        for _ in range(workers):
            owner = f"worker-{secrets.token_hex(6)}"
            self._running[owner] = self._launch(owner)

    def reap(self) -> list[str]:
        """Owners that ended since the last call; those that died are replaced, three times in all."""
        ended = {owner: worker.ended() for owner, worker in self._running.items()}
        gone = [owner for owner, how in ended.items() if how is not None]
        for owner in gone:
            del self._running[owner]
            if ended[owner] is False and not self._stopping and self._replaced < REPLACEMENTS:
                self._replaced += 1
                self.start(1)
        return gone

    def stop(self) -> None:
        """End the workers after the batch at hand; `reap` tells them then. A second call does nothing more."""
        self._stopping = True
        for worker in self._running.values():
            worker.tell_to_stop()
        for worker in self._running.values():
            worker.wait()

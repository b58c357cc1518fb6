"""Holds a lease while work goes on, in a thread beside it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from headgate.core.errors import HeadgateError
from headgate.core.platform import Platform
from headgate.core.records import Fence

BEATS = 3  # per lease


@contextmanager
def heartbeat(platform: Platform, fence: Fence) -> Iterator[None]:
    """Renew the lease three times in its length until the block ends.

    A renewal that fails ends the beating: the next write under the fence is then refused by the ledger.
    """
    stop = threading.Event()
    lease_s = platform.budget.lease_s

    def beat() -> None:
        while not stop.wait(lease_s / BEATS):
            try:
                platform.ledger.renew(fence, ttl_s=lease_s)
            except HeadgateError:
                return

    thread = threading.Thread(target=beat, name=f"lease {fence.key}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()

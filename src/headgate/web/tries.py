"""How often an address may bring what does not let it in. Kept by the process: it spares the database and the log."""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from datetime import datetime, timedelta
from threading import Lock

FREE_FAILURES = 20
WINDOW = timedelta(minutes=1)
MOST_ADDRESSES = 10_000  # the oldest are forgotten first


class Tries:
    """Failures of each address within a window that begins with its first. Threads may share one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._since: OrderedDict[str, tuple[datetime, int]] = OrderedDict()

    def wait_s(self, address: str, now: datetime) -> int:
        """How many seconds an address must wait; 0 for none."""
        with self._lock:
            return self._wait_s(_net(address), now)

    def failed(self, address: str, now: datetime) -> None:
        """Count one more."""
        with self._lock:
            self._count(_net(address), now)

    def begin(self, address: str, now: datetime) -> int:
        """Count one as failed before it is looked at, which may take a while; `wait_s`, and none counted, instead."""
        with self._lock:
            wait_s = self._wait_s(_net(address), now)
            if not wait_s:
                self._count(_net(address), now)
        return wait_s

    def was_right(self, address: str) -> None:
        """Take one back that `begin` counted."""
        net = _net(address)
        with self._lock:
            if net in self._since:
                since, failures = self._since[net]
                self._since[net] = (since, max(0, failures - 1))

    def _wait_s(self, net: str, now: datetime) -> int:
        since, failures = self._since.get(net, (now, 0))
        if failures < FREE_FAILURES:
            return 0
        return max(0, math.ceil((since + WINDOW - now).total_seconds()))

    def _count(self, net: str, now: datetime) -> None:
        since, failures = self._since.pop(net, (now, 0))
        fresh = now - since >= WINDOW
        self._since[net] = (now, 1) if fresh else (since, failures + 1)
        if len(self._since) > MOST_ADDRESSES:
            self._since.popitem(last=False)


def _net(address: str) -> str:
    """An IPv6 address as its /64: one sender has all of those."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address  # noqa: PLR2004

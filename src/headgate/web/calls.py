"""How often an account may call: a token bucket each, kept by the process."""

from __future__ import annotations

import math
from collections import OrderedDict
from datetime import datetime
from threading import Lock

MOST_ACCOUNTS = 10_000  # the longest silent are forgotten first, and begin with a full bucket
MINUTE_S = 60.0


class Calls:
    """A bucket holds the calls of one minute and fills evenly: a page's parts may come at once. Threads share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._left: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def wait_s(self, account: str, per_minute: int, now: datetime) -> int:
        """Take one call; 0 where there was one, else how many seconds until there is one again."""
        with self._lock:
            left, since = self._left.pop(account, (float(per_minute), now))
            filled = max(0.0, (now - since).total_seconds()) * per_minute / MINUTE_S
            left = min(float(per_minute), left + filled)
            taken = left >= 1
            self._left[account] = (left - 1 if taken else left, max(now, since))
            if len(self._left) > MOST_ACCOUNTS:
                self._left.popitem(last=False)
        return 0 if taken else math.ceil((1 - left) * MINUTE_S / per_minute)

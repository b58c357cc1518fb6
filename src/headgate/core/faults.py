"""Named places in the code where a test can end the process, so that a resume is tried after each of them.

Nothing happens unless the environment names a place: `HEADGATE_FAULT_POINT="after intent"` kills the process there,
`after intent:3` at the third time that it is reached.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

VARIABLE = "HEADGATE_FAULT_POINT"
_reached: Counter[str] = Counter()


def at_fault_point(place: str) -> None:
    """End this process as `kill -9` does, if this is the place that the environment names."""
    wanted = os.environ.get(VARIABLE)
    if wanted is None:
        return
    name, _, times = wanted.partition(":")
    if place != name:
        return
    _reached[place] += 1
    if _reached[place] == int(times or 1):
        os.kill(os.getpid(), signal.SIGKILL)

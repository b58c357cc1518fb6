"""How much of an input is in memory at once, and how large its parts may be."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """All in bytes."""

    window: int = 2 << 20  # read at a time: what the caches of a core hold; 8 MiB is a third slower
    record: int = 16 << 20  # one record; a larger one is a fault
    unpacked: int = 64 << 30  # the whole input, decompressed

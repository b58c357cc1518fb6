"""Time that passes for a queue whose clock is the database's: all that it wrote down moves into the past."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_TIMES = {
    "messages": ("sent_at", "not_before", "hidden_until", "locked_until", "dead_at"),
    "message_ids": ("expires_at",),
}


def pass_time(place: Path, seconds: float) -> None:
    """Let so many seconds pass for the queues of a ledger."""
    with closing(sqlite3.connect(place)) as raw, raw:
        for table, columns in _TIMES.items():
            changes = ", ".join(f"{column} = {column} - :seconds" for column in columns)
            raw.execute(f"UPDATE {table} SET {changes}", {"seconds": seconds})

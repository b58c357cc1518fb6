"""The statements that are said to SQLite, as they run."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch


@contextmanager
def statements_told(hear: Callable[[str], None]) -> Iterator[None]:
    """Call `hear` with each statement before it runs, values in their places, on connections made within."""
    connect = sqlite3.connect

    def heard(*place: Any, **options: Any) -> sqlite3.Connection:  # noqa: ANN401  the driver's
        connection: sqlite3.Connection = connect(*place, **options)
        connection.set_trace_callback(hear)
        return connection

    with patch.object(sqlite3, "connect", heard):
        yield

"""An end for a conversation whose other side says a little at a time, and so never runs into a time-out."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Timer


@contextmanager
def ended_after(seconds: float, current: Callable[[], socket.socket | None]) -> Iterator[None]:
    """Shut the connection down after so long, so that whatever the block waits for there fails.

    TimeoutError where the block took that for an end in order: half a line may read like a whole one.
    """
    over = Event()

    def end() -> None:
        over.set()
        connection = current()
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    timer = Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if over.is_set():
        raise TimeoutError(f"it took longer than {seconds:g} s")

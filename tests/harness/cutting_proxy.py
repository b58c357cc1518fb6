"""A way through to a server that can be cut: connections end in the middle of a body, when so many bytes went by."""

from __future__ import annotations

import random
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

_READ_BYTES = 65_536


class CuttingProxy:
    """Forwards connections to a port of this machine; `at` is called with the number of bytes that went up so far.

    While `at` runs nothing goes on, so that a process can be killed at an exact byte. It returns True to cut there.
    """

    def __init__(self, port: int, at: Callable[[int], bool]) -> None:
        self._to = port
        self._at = at
        self._mutex = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.up_bytes = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._forward, args=(near,), daemon=True).start()

    def _forward(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(("127.0.0.1", self._to), 5)
        except OSError:
            near.close()
            return
        threading.Thread(target=_pump, args=(far, near), daemon=True).start()
        with suppress(OSError):
            while piece := near.recv(_READ_BYTES):
                with self._mutex:
                    self.up_bytes += len(piece)
                    cut = self._at(self.up_bytes)
                if cut:
                    far.sendall(piece[: random.randrange(len(piece))])  # noqa: S311  no secret
                    _reset(far)
                    _reset(near)
                    return
                far.sendall(piece)
        far.close()
        near.close()


def _pump(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(_READ_BYTES):
            to.sendall(piece)
    with suppress(OSError):
        to.shutdown(socket.SHUT_RDWR)


def _reset(connection: socket.socket) -> None:
    """End it as a line that broke does: with RST."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()

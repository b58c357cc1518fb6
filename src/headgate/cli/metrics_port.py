"""The address where Prometheus reads figures without sign-in: on this machine only, apart from the pages."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from headgate.core.errors import ConfigurationError, HeadgateError

PATH = "/metrics"
_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})  # another name is another site's that points here


@contextmanager
def answering_prometheus(address: str, text: Callable[[], bytes], media_type: str) -> Iterator[None]:
    """Answer at `host:port` while the block runs; nothing where the address is empty."""
    if not address:
        yield
        return
    host, port = _parsed(address)

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        status, told = _answer(environ, text)
        start(status, [("Content-Type", media_type), ("Cache-Control", "no-store")])
        return [told]

    try:
        server = make_server(host, port, answer, _Server, _Quiet)
    except OSError as error:
        raise ConfigurationError(
            f"[telemetry] metrics: {address} cannot be listened on: {error.strerror}. Next: choose another port."
        ) from error
    thread = Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _answer(environ: dict[str, Any], text: Callable[[], bytes]) -> tuple[str, bytes]:
    name = str(environ.get("HTTP_HOST", "")).lower()
    if name.rpartition(":")[0] not in _NAMES and name not in _NAMES:
        return "400 Bad Request", b"This name is not served here.\n"
    if environ["REQUEST_METHOD"] not in {"GET", "HEAD"} or environ["PATH_INFO"] != PATH:
        return "404 Not Found", b"Figures are at /metrics.\n"
    try:
        return "200 OK", text()
    except HeadgateError:
        return "503 Service Unavailable", b"The ledger does not answer.\n"


def _parsed(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    try:
        number, loopback = int(port), host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError as error:
        raise ConfigurationError(
            f'[telemetry] metrics is {address!r}; write host and port, such as "127.0.0.1:9464".'
        ) from error
    if not loopback:
        raise ConfigurationError(
            f"[telemetry] metrics is {address!r}, which other machines can call, and these figures ask for no sign-in. "
            'Next: write "127.0.0.1:9464" and let an agent on this machine read it, or read /metrics of the pages.'
        )
    return host.strip("[]"), number


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    timeout = 10  # seconds for a request to come

    def log_message(self, *_: object) -> None:
        """Nothing: it is asked every few seconds."""

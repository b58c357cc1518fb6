"""One POST to a webhook: no redirect is followed, certificates are verified, and nothing waits for long."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from headgate.adapters.deadline import ended_after
from headgate.core.errors import ReceiverRefusedError, TransientError

TIMEOUT_S = 10.0  # for one answer of the other side
IN_ALL = 2.5  # times as long for the whole conversation
_TRY_AGAIN = {408, 425, 429}
_SERVER_FAULT = 500


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    ca: Path | None = None,
    timeout_s: float = TIMEOUT_S,
) -> None:
    """Send JSON. TransientError where it may go through later, ReceiverRefusedError where it never will.

    Neither names the path of the URL: who knows it may be able to write there.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        trust = ssl.create_default_context()
        if ca is not None:
            trust.load_verify_locations(ca)
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, parts.port, timeout=timeout_s, context=trust
        )
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=timeout_s)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        with ended_after(IN_ALL * timeout_s, lambda: connection.sock):
            sent = {"Content-Type": "application/json", "User-Agent": "headgate", **headers}
            connection.request("POST", target, body=body, headers=sent)
            status = connection.getresponse().status
    except (OSError, http.client.HTTPException, UnicodeError) as error:  # a host of which no name can be made
        raise TransientError(f"{host} did not take the notice: {_words(error)}.") from error
    finally:
        connection.close()
    if status in _TRY_AGAIN or status >= _SERVER_FAULT:
        raise TransientError(f"{host} answered {status}.")
    if not http.HTTPStatus.OK <= status < http.HTTPStatus.MULTIPLE_CHOICES:
        raise ReceiverRefusedError(
            f"{host} answered {status}{' and redirects are not followed' if status < 400 else ''}. "  # noqa: PLR2004
            "Next: look at the receiver's URL in [alerts]."
        )


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__

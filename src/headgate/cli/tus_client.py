"""The sender's side of tus 1.0.0: a server, what it answers, and one upload there."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import ssl
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import urljoin, urlsplit

import msgspec

from headgate.core.errors import HeadgateError, UsageError
from headgate.core.loopback import is_loopback

LINK, BEARER = "Link", "Bearer"  # schemes of the Authorization header
TIMEOUT_S = 120.0  # for an answer: the last one of a big file waits until it is taken
_SEND = "/send/"
_BYTES = "application/offset+octet-stream"


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where to send, and as whom."""

    endpoint: str  # the URL of the protocol
    authorization: str  # the header; a secret


class BrokenError(HeadgateError):
    """The connection failed, or the server does not answer now; the same call may go through later."""


class ServerRefusedError(HeadgateError):
    """The server does not follow a request; `next_step` is for a person."""

    def __init__(self, status: int, code: str, message: str, next_step: str) -> None:
        self.status, self.code, self.message, self.next_step = status, code, message, next_step
        super().__init__(f"{message} Next: {next_step}")


def address_of(url: str, token: str) -> Address:
    """The address that a URL means: a server, spoken to with a token, or an upload link, which needs none."""
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"{_without_secret(url)!r} is no address. Next: give https://HOST, or a link to send by.")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise UsageError(f"To {parts.hostname} all would go unencrypted. Next: give https://{parts.netloc} …")
    before, mark, secret = parts.path.rstrip("/").partition(_SEND)
    base = f"{parts.scheme}://{parts.netloc}{before}"
    if mark and secret and "/" not in secret:
        return Address(endpoint=f"{base}/files", authorization=f"{LINK} {secret}")
    if not token:
        raise UsageError("This server asks who sends. Next: set HEADGATE_TOKEN, or give a link to send by.")
    return Address(endpoint=f"{base}/files", authorization=f"{BEARER} {token}")


class TusServer:
    """Speaks to one server over one connection, made anew whenever it broke."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._parts = urlsplit(address.endpoint)
        self._connection: http.client.HTTPConnection | None = None

    def create(self, size_bytes: int, metadata: Mapping[str, str]) -> str:
        """The URL of a new upload of that length."""
        header = ",".join(f"{key} {_base64(value.encode())}" for key, value in metadata.items())
        answer = self._ask(
            "POST", self._address.endpoint, {"Upload-Length": str(size_bytes), "Upload-Metadata": header}
        )
        return urljoin(self._address.endpoint, answer.get("location", ""))

    def offset(self, upload: str) -> int:
        """How many bytes of the upload are there."""
        return _offset(self._ask("HEAD", upload, {}))

    def append(self, upload: str, offset: int, chunk: bytes) -> int:
        """Send bytes for an offset, with their checksum; the new offset."""
        checksum = f"sha256 {_base64(hashlib.sha256(chunk).digest())}"
        headers = {"Upload-Offset": str(offset), "Content-Type": _BYTES, "Upload-Checksum": checksum}
        return _offset(self._ask("PATCH", upload, headers, chunk))

    def terminate(self, upload: str) -> None:
        """Give an upload up."""
        self._ask("DELETE", upload, {})

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, method: str, url: str, headers: dict[str, str], body: bytes = b"") -> Mapping[str, str]:
        """The headers of the answer. BrokenError or ServerRefusedError for any but a good one."""
        parts = urlsplit(url)
        if parts.netloc != self._parts.netloc or parts.scheme != self._parts.scheme:
            raise ServerRefusedError(0, "elsewhere", f"The server points to {url[:80]!r}.", "Ask who keeps it.")
        given = {"Tus-Resumable": "1.0.0", "Authorization": self._address.authorization, **headers}
        try:
            connection = self._connected()
            connection.request(method, parts.path, body=body if method != "HEAD" else None, headers=given)
            answer = connection.getresponse()
            content = answer.read(65_536)
            if answer.length or answer.will_close:
                self.close()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise BrokenError(f"The connection broke ({type(error).__name__}: {error}).") from error
        _check(answer.status, content)
        return {name.lower(): value for name, value in answer.getheaders()}

    def _connected(self) -> http.client.HTTPConnection:
        if self._connection is None:
            host, port = self._parts.hostname or "", self._parts.port
            if self._parts.scheme == "https":
                context = ssl.create_default_context()
                self._connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context)
            else:
                self._connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
        return self._connection


def _check(status: int, content: bytes) -> None:
    if 200 <= status < 300:  # noqa: PLR2004
        return
    code, message, next_step = "", f"The server answered {status}.", "Look at the address, and try again."
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        error = json.loads(content)["error"]
        code, message, next_step = str(error["code"]), str(error["message"]), str(error["next"])
    if status in {408, 423} or (status >= 500 and code not in {"quota_exceeded", "storage_full"}):  # noqa: PLR2004
        raise BrokenError(message)
    raise ServerRefusedError(status, code, message, next_step)


def _offset(headers: Mapping[str, str]) -> int:
    text = headers.get("upload-offset", "")
    if not text.isdecimal():
        raise ServerRefusedError(0, "no_tus", "What answers there speaks no tus.", "Look at the address.")
    return int(text)


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def _without_secret(url: str) -> str:
    return f"{url.partition(_SEND)[0][:80]}"

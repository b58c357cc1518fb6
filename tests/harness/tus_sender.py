"""A sender of our own that can do what a well-behaved client would not."""

from __future__ import annotations

import base64
import hashlib
from types import TracebackType
from typing import Self

import httpx2

BYTES = {"Content-Type": "application/offset+octet-stream"}


def metadata(**values: str) -> str:
    """The Upload-Metadata header for some values."""
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


def checksum(content: bytes, algorithm: str = "sha256") -> dict[str, str]:
    """The Upload-Checksum header for some bytes."""
    digest = hashlib.new(algorithm, content).digest()
    return {"Upload-Checksum": f"{algorithm} {base64.b64encode(digest).decode()}"}


class Sender:
    """Speaks tus to one address as one owner; the answers are httpx2's own."""

    def __init__(self, url: str, owner: str = "ann", **headers: str) -> None:
        self.url = url
        self.http = httpx2.Client(
            headers={"Tus-Resumable": "1.0.0", "Authorization": f"Bearer {owner}", **headers}, timeout=60
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.http.close()

    def post(self, content: bytes | None = None, /, **headers: str) -> httpx2.Response:
        """A creation; `Upload_Length="5"` becomes the header Upload-Length."""
        return self.http.post(self.url, headers=_headers(headers), content=content)

    def begin(self, length_bytes: int, **headers: str) -> str:
        """The address of a new upload."""
        answer = self.post(Upload_Length=str(length_bytes), **headers)
        assert answer.status_code == 201, answer.text
        return str(answer.url.join(answer.headers["Location"]))

    def patch(self, address: str, offset_bytes: int | str, content: bytes, **headers: str) -> httpx2.Response:
        return self.http.patch(
            address, headers={**BYTES, "Upload-Offset": str(offset_bytes), **_headers(headers)}, content=content
        )

    def patch_checked(self, address: str, offset_bytes: int, content: bytes, algorithm: str) -> httpx2.Response:
        headers = {**BYTES, "Upload-Offset": str(offset_bytes), **checksum(content, algorithm)}
        return self.http.patch(address, headers=headers, content=content)

    def head(self, address: str) -> httpx2.Response:
        return self.http.head(address)

    def offset(self, address: str) -> int:
        return int(self.head(address).headers["Upload-Offset"])

    def upload(self, content: bytes, **headers: str) -> str:
        """A whole upload; its address."""
        address = self.begin(len(content), **headers)
        assert self.patch(address, 0, content).status_code == 204
        return address


def _headers(given: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in given.items()}

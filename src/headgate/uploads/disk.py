"""Bytes written where they belong, and a full disk told as what it is."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from headgate.core.errors import UploadRefusedError
from headgate.uploads.refusals import Refusal

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def full_disk_told() -> Iterator[None]:
    """Turn the errors of a full disk into words for the sender; any other stays what it is."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise UploadRefusedError(
                Refusal.DISK, "The disk is full; the bytes of this request do not count.", "Try again later."
            ) from error
        raise


def write_all(file: int, piece: bytes | bytearray, at: int) -> None:
    """Write a piece at an offset, whole: a disk that is nearly full takes a part at first."""
    rest = memoryview(piece)
    with full_disk_told():
        while rest:
            done = os.pwrite(file, rest, at)
            rest, at = rest[done:], at + done

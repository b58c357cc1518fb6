"""A big file hashed while it is copied beside the vault: it is read once, and moved in when its hash is known."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from itertools import cycle
from pathlib import Path

from headgate.core.batches import Arrived, Copied
from headgate.core.forms import HEAD_BYTES
from headgate.core.replacing import replace

IN_MEMORY_BYTES = 8 << 20  # files up to here are read whole and written to the vault many at a time
CHUNK_BYTES = 8 << 20  # after each the thread asks for the interpreter, which is busy with imports meanwhile


def copy_aside(path: str, folder: str, tell: Callable[[int], None] | None = None) -> Copied:
    """Copy a file into `folder` under a name of no meaning; `tell` hears of the bytes done.

    The caller moves the copy to its place or removes it.
    """
    before = Path(path).stat()
    digest, size, head = hashlib.sha256(), 0, b""
    # hashed from one while the other is filled: memory that was used before is faster than new memory for each chunk
    buffers = cycle((bytearray(CHUNK_BYTES), bytearray(CHUNK_BYTES)))
    handle, aside = tempfile.mkstemp(prefix="landing-", dir=folder)
    try:
        with (
            open(path, "rb", buffering=0) as source,  # noqa: PTH123  beside the next one
            open(handle, "wb", buffering=0) as copy,  # noqa: PTH123  a handle
            ThreadPoolExecutor(1) as beside,
        ):
            hashed: Future[None] | None = None
            for buffer in buffers:
                count = source.readinto(buffer)
                if hashed is not None:
                    hashed.result()
                if not count:
                    break
                chunk = memoryview(buffer)[:count]
                hashed = beside.submit(digest.update, chunk)
                if len(head) < HEAD_BYTES:
                    head += chunk[: HEAD_BYTES - len(head)]
                size += count
                while chunk:  # a disk that is nearly full takes a part
                    chunk = chunk[copy.write(chunk) :]
                if tell is not None:
                    tell(size)
            os.fsync(copy.fileno())  # here, where nobody may wait for it: the vault finds nothing left to sync
    except BaseException:
        os.unlink(aside)  # noqa: PTH108
        raise
    return Copied(
        aside=aside,
        head=head,
        sha256=digest.hexdigest(),
        size_bytes=size,
        seen=(before.st_size, before.st_mtime_ns),
    )


@contextmanager
def begun_early(files: Sequence[Arrived], folder: Path) -> Iterator[list[Arrived]]:
    """The files, with the copy of the first begun if it is big: it is hashed while the caller loads what comes after.

    A copy that landing did not take is removed.
    """
    if not files or files[0].size_bytes <= IN_MEMORY_BYTES:
        yield list(files)
        return
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(1) as beside:
        copy = beside.submit(partial(copy_aside, files[0].path, str(folder)))
        try:
            yield [replace(files[0], copied=copy.result), *files[1:]]
        finally:
            with suppress(OSError):  # it failed, or was taken
                os.unlink(copy.result().aside)  # noqa: PTH108

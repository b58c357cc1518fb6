"""A big file copied beside the vault and hashed there: what is proven is the copy, which is moved in by its hash."""

from __future__ import annotations

import errno
import hashlib
import mmap
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from io import FileIO
from pathlib import Path

from headgate.core.batches import Arrived, Copied
from headgate.core.forms import HEAD_BYTES
from headgate.core.replacing import replace

IN_MEMORY_BYTES = 8 << 20  # files up to here are read whole and written to the vault many at a time
# Copied by the kernel, then hashed as mapped memory: two calls a piece, since after each this thread waits for the
# interpreter, which is busy with imports meanwhile. A multiple of what can be mapped.
PIECE_BYTES = 64 << 20
_READ_BYTES = 1 << 20
# not to be had for these files, or between their file systems
_NOT_THERE = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EXDEV})


def copy_aside(path: str, folder: str, tell: Callable[[int], None] | None = None) -> Copied:
    """Copy a file into `folder` under a name of no meaning; `tell` hears of the bytes done.

    The caller moves the copy to its place or removes it.
    """
    before = Path(path).stat()
    digest, size, head = hashlib.sha256(), 0, b""
    handle, aside = tempfile.mkstemp(prefix="landing-", dir=folder)
    try:
        with FileIO(path) as source, FileIO(handle, "r+") as copy:
            while count := _copy_piece(source, copy):
                with mmap.mmap(handle, count, access=mmap.ACCESS_READ, offset=size) as piece:
                    digest.update(piece)
                    head = head or piece[:HEAD_BYTES]
                size += count
                if tell is not None:
                    tell(size)
                if count < PIECE_BYTES:
                    break  # though the file may grow: behind a part of a piece no other can be mapped
            os.fsync(handle)  # here, where nobody may wait for it: the vault finds nothing left to sync
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


def _copy_piece(source: FileIO, copy: FileIO) -> int:
    """Copy up to a piece from where both files stand; its bytes, fewer only at the end of the source."""
    done = 0
    while done < PIECE_BYTES and (count := _copy_some(source, copy, PIECE_BYTES - done)):
        done += count
    return done


def _copy_some(source: FileIO, copy: FileIO, most: int) -> int:
    """Copy some bytes, inside the kernel where it can, which shares them where the file system can; 0 at the end."""
    if sys.platform == "linux":
        try:
            return os.copy_file_range(source.fileno(), copy.fileno(), most)
        except OSError as error:
            if error.errno not in _NOT_THERE:
                raise
    rest = chunk = memoryview(source.read(min(most, _READ_BYTES)))
    while rest:  # a disk that is nearly full takes a part
        rest = rest[copy.write(rest) :]
    return len(chunk)


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

"""Immutable objects in a local folder: written once, whole or not at all, synced to the disk.

An object is written to a file without a name, synced, and then linked to its name: a link is one step, and fails where
the name is taken. So neither a kill nor a loss of power leaves half an object under a name. obstore syncs nothing, so
it is not used here.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import BinaryIO

from headgate.adapters.object_names import UNFINISHED, check_name
from headgate.core.errors import NotFoundError, TransientError
from headgate.core.ports import Files

_MODE = 0o444  # written once
_NO_UNNAMED = {errno.EOPNOTSUPP, errno.EISDIR}  # the latter from kernels that do not know the flag
_WRITERS = 8
_COPY_BYTES = 1 << 20


class FolderFiles(Files):
    """Objects under one folder, which is made where it is missing; it may not be shared with other things.

    TransientError where the disk is full or does not answer. `unnamed` is False for file systems without unnamed files
    (NFS); then a kill leaves a file in `.incoming`, which is in nobody's way and may be deleted.
    """

    def __init__(self, root: Path, *, unnamed: bool = True) -> None:
        self._root = root
        self._unnamed = unnamed and hasattr(os, "O_TMPFILE")
        self._serial = count()
        self._known: set[Path] = set()
        with _disk(root):
            _make_folder(root)

    def put(self, name: str, chunks: Iterable[bytes]) -> bool:
        """Write an object once, durably; False and nothing changed where the name is taken."""
        place = self._place(name)
        with _disk(self._root):
            self._make_folders({place.parent})
            written = self._write(place, chunks)
            _sync(place.parent)
        return written

    def put_all(self, objects: Sequence[tuple[str, Iterable[bytes]]]) -> list[bool]:
        """Write objects as `put` does, with one sync for each file and one for each folder, several at a time.

        Durable once it has returned; after an error some may be there whole, and none by half.
        """
        with _disk(self._root), ThreadPoolExecutor(min(_WRITERS, len(objects)) or 1) as writers:
            places = [self._place(name) for name, _ in objects]
            self._make_folders({place.parent for place in places})
            written = list(writers.map(lambda one: self._write(one[0], one[1][1]), zip(places, objects, strict=True)))
            list(writers.map(_sync, sorted({place.parent for place in places})))
        return written

    def adopt(self, name: str, path: str) -> bool:
        """Move a local file in under a name, durably; False where the name is taken (the file is then removed).

        From another file system it is copied, since only there a link cannot be made.
        """
        source, place = Path(path), self._place(name)
        with _disk(self._root):
            self._make_folders({place.parent})
            _sync(source)
            source.chmod(_MODE)
            adopted = self._link_or_copy(source, place)
            _sync(place.parent)
            source.unlink()
        return adopted

    def open(self, name: str) -> BinaryIO:
        """A seekable reader of the object; NotFoundError where there is none."""
        place = self._place(name)
        try:
            return place.open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise NotFoundError(
                f"No object {name!r} in {self._root}; `headgate audit verify` lists missing ones."
            ) from error

    def size(self, name: str) -> int | None:
        """Bytes of the object, or None."""
        place = self._place(name)
        return place.stat().st_size if place.is_file() else None

    def list(self, prefix: str = "") -> Iterator[str]:
        """Names that begin with the prefix, in order."""
        above = prefix.rpartition("/")[0]
        folder = self._place(above) if above else self._root
        found = (
            str(Path(where, name).relative_to(self._root)) for where, _, names in os.walk(folder) for name in names
        )
        yield from sorted(name for name in found if name.startswith(prefix) and not name.startswith(UNFINISHED))

    def delete(self, name: str) -> None:
        """Remove an object; nothing happens where there is none. Callers archive first."""
        place = self._place(name)
        with _disk(self._root), suppress(FileNotFoundError, NotADirectoryError):
            place.unlink()
            _sync(place.parent)

    def _place(self, name: str) -> Path:
        return self._root / check_name(name)

    def _make_folders(self, folders: set[Path]) -> None:
        for folder in sorted(folders - self._known):
            _make_folder(folder)
            self._known.add(folder)

    def _write(self, place: Path, chunks: Iterable[bytes]) -> bool:
        if place.exists():
            return False
        file, path = self._unfinished(place.parent)
        try:
            with os.fdopen(file, "wb", closefd=False) as stream:
                stream.writelines(chunks)
            os.fsync(file)
            return _link(path or f"/proc/self/fd/{file}", place)
        finally:
            os.close(file)
            if path:
                Path(path).unlink()

    def _unfinished(self, folder: Path) -> tuple[int, str | None]:
        """A new file to write to, and its path if it has one."""
        if self._unnamed:
            try:
                return os.open(folder, os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, _MODE), None
            except OSError as error:
                if error.errno not in _NO_UNNAMED:
                    raise
                self._unnamed = False
        _make_folder(self._root / UNFINISHED)
        path = str(self._root / UNFINISHED / f"{os.getpid()}-{threading.get_native_id()}-{next(self._serial)}")
        return os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_CLOEXEC, _MODE), path

    def _link_or_copy(self, source: Path, place: Path) -> bool:
        try:
            return _link(str(source), place)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        with source.open("rb") as stream:
            return self._write(place, iter(lambda: stream.read(_COPY_BYTES), b""))


class _disk:  # noqa: N801  used as a statement
    """Turns errors of the disk into words; what concerns one object alone is told by the methods."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE}:
            raise TransientError(
                f"The disk of {self._root} did not take the bytes ({error.strerror}); nothing stands there by half. "
                "Free space or look at the disk, and try again."
            ) from error


def _link(source: str, place: Path) -> bool:
    """Give the file a name; False where the name is taken."""
    # With a folder's descriptor the call follows the link in /proc to the unnamed file; the paths are absolute.
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.link(source, place.name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=True)
    except FileExistsError:
        return False
    finally:
        os.close(folder)
    return True


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, durably."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)

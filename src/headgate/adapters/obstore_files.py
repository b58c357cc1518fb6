"""Immutable objects in any store that obstore speaks: memory now, Azure with the same code."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from typing import BinaryIO

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import ObjectStore

from headgate.adapters.object_names import UNFINISHED, check_name
from headgate.core.errors import NotFoundError, TransientError
from headgate.core.ports import Files

WHOLE_BYTES = 8 << 20
"""Up to here an object is sent in one request, which the store takes only where the name is free."""

READ_BYTES = 1 << 20


class ObstoreFiles(Files):
    """Objects in a store, as durable as the store makes them when it says yes.

    obstore does not sync local folders; for these there is FolderFiles. Big objects are sent in parts under
    `.incoming/<owner>-<serial>` and renamed; `owner` must differ between processes.
    """

    def __init__(self, store: ObjectStore, *, owner: str) -> None:
        self._store = store
        self._owner = owner
        self._serial = count()

    def put(self, name: str, chunks: Iterable[bytes]) -> bool:
        """Write an object once, durably; False and nothing changed where the name is taken."""
        check_name(name)
        rest = iter(chunks)
        first = bytearray()
        for chunk in rest:
            first += chunk
            if len(first) > WHOLE_BYTES:
                return self._put_in_parts(name, chain([bytes(first)], rest))
        with _store_errors(name):
            try:
                obstore.put(self._store, name, bytes(first), mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
        return True

    def adopt(self, name: str, path: str) -> bool:
        """Move a local file in under a name, durably; False where the name is taken (the file is then removed)."""
        source = Path(path)
        with source.open("rb") as stream:
            adopted = self.put(name, iter(lambda: stream.read(READ_BYTES), b""))
        source.unlink()
        return adopted

    def open(self, name: str) -> BinaryIO:
        """A seekable reader of the object; NotFoundError where there is none."""
        size = self.size(name)
        if size is None:
            raise NotFoundError(f"No object {name!r} in the store; `headgate audit verify` lists missing ones.")
        return io.BufferedReader(_RangeReader(self._store, name, size), READ_BYTES)

    def size(self, name: str) -> int | None:
        """Bytes of the object, or None."""
        with _store_errors(name):
            try:
                return int(obstore.head(self._store, check_name(name))["size"])
            except FileNotFoundError:
                return None

    def list(self, prefix: str = "") -> Iterator[str]:
        """Names that begin with the prefix, in order."""
        # Stores list by whole parts of a name only.
        above = prefix.rpartition("/")[0]
        folder = check_name(above) if above else None
        with _store_errors(prefix):
            pages = list(obstore.list(self._store, folder))
        names = sorted(entry["path"] for page in pages for entry in page)
        yield from (name for name in names if name.startswith(prefix) and not name.startswith(UNFINISHED))

    def delete(self, name: str) -> None:
        """Remove an object; nothing happens where there is none. Callers archive first."""
        with _store_errors(name):
            self._remove(check_name(name))

    def _put_in_parts(self, name: str, chunks: Iterator[bytes]) -> bool:
        if self.size(name) is not None:
            return False
        unfinished = f"{UNFINISHED}/{self._owner}-{next(self._serial)}"
        with _store_errors(name):
            obstore.put(self._store, unfinished, chunks, use_multipart=True)
            try:
                obstore.rename(self._store, unfinished, name, overwrite=False)
            except AlreadyExistsError:
                self._remove(unfinished)
                return False
        return True

    def _remove(self, name: str) -> None:
        try:
            obstore.delete(self._store, name)
        except FileNotFoundError:
            return


class _RangeReader(io.RawIOBase):
    """Reads an object by ranges, so that nothing is held but what was asked for."""

    def __init__(self, store: ObjectStore, name: str, size: int) -> None:
        super().__init__()
        self._store = store
        self._name = name
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError(f"Position {start + offset} is before the beginning of {self._name}.")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the base takes any buffer
        length = min(len(buffer), self._size - self._position)
        if length <= 0:
            return 0
        with _store_errors(self._name):
            found = obstore.get_range(self._store, self._name, start=self._position, length=length)
        buffer[:length] = memoryview(found)
        self._position += length
        return length


@contextmanager
def _store_errors(name: str) -> Iterator[None]:
    try:
        yield
    except BaseError as error:
        said = str(error).partition("\n")[0]
        raise TransientError(f"The store did not answer for {name!r} ({said}); try again.") from error

"""Ports through which a replay looks at a project: what it reads is pinned, what is proposed is laid over it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from io import BytesIO
from typing import BinaryIO, NoReturn

from headgate.core.ports import ColumnBounds, Files, FileSet, Tables, TableSnapshot, TableVersion
from headgate.core.records import TableChange


class PinnedTables(Tables):
    """Tables as they stood when each was first looked at, or as a replayed publication would leave them."""

    def __init__(self, inner: Tables, pinned: dict[tuple[str, int | None], TableSnapshot | None] | None = None) -> None:
        """`pinned` is what other replays of the same comparison have seen: all of them shall see the same."""
        self._inner = inner
        self._pinned = {} if pinned is None else pinned
        self._ahead: dict[str, FileSet] = {}

    def beginning(self) -> PinnedTables:
        """The same tables before any replayed publication."""
        return PinnedTables(self._inner, self._pinned)

    def go_ahead(self, tables: Mapping[str, FileSet]) -> None:
        """Let these tables stand so from now on."""
        self._ahead |= tables

    def snapshot(self, name: str, version: int | None = None) -> TableSnapshot | None:
        """The table at a version (default: the newest), or None where there is no such table."""
        if (name, version) not in self._pinned:
            self._pinned[name, version] = self._inner.snapshot(name, version)
        found = self._pinned[name, version]
        files = self._ahead.get(name) if version is None else None
        if files is None:
            return found
        standing = -1 if found is None else found.version
        return TableSnapshot(name=name, uri="", version=standing + 1, files=files, rows=0)

    def bounds(self, name: str, version: int) -> Mapping[str, ColumnBounds]:
        """As the table says."""
        return self._inner.bounds(name, version)

    def commit(self, change: TableChange, *, application: str, number: int, at: datetime) -> NoReturn:
        """Never: nothing of a replay is published."""
        raise AssertionError(f"a replay was about to change {change.table}: {application} {number} at {at}")

    def transaction(self, name: str, application: str) -> int | None:
        """As the table says."""
        return self._inner.transaction(name, application)

    def history(self, name: str) -> list[TableVersion]:
        """As the table says."""
        return self._inner.history(name)

    def names(self) -> list[str]:
        """Tables that exist, in order."""
        return self._inner.names()

    def compact(self, name: str) -> NoReturn:
        """Never: nothing of a replay is published."""
        raise AssertionError(f"a replay was about to change {name}")


class VaultAside(Files):
    """A vault to read from, with further objects that are in memory alone: tables that are proposed."""

    def __init__(self, inner: Files, aside: Mapping[str, bytes]) -> None:
        self._inner = inner
        self._aside = aside

    def open(self, name: str) -> BinaryIO:
        """A seekable reader of the object; NotFoundError where there is none."""
        return BytesIO(self._aside[name]) if name in self._aside else self._inner.open(name)

    def size(self, name: str) -> int | None:
        """Bytes of the object, or None."""
        return len(self._aside[name]) if name in self._aside else self._inner.size(name)

    def list(self, prefix: str = "") -> Iterator[str]:
        """Names that begin with the prefix, in order."""
        yield from sorted({*self._inner.list(prefix), *(name for name in self._aside if name.startswith(prefix))})

    def put(self, name: str, chunks: Iterable[bytes]) -> NoReturn:
        """Never: a replay keeps nothing."""
        del chunks
        raise AssertionError(f"a replay was about to keep {name}")

    def adopt(self, name: str, path: str) -> NoReturn:
        """Never: a replay keeps nothing."""
        raise AssertionError(f"a replay was about to keep {path} as {name}")

    def delete(self, name: str) -> NoReturn:
        """Never: a replay removes nothing."""
        raise AssertionError(f"a replay was about to remove {name}")

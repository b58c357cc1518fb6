"""The folder that generated files appear in: whole files only, and nothing of anybody else is overwritten."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from headgate.core.errors import UsageError
from headgate.generate.answers import ANSWERS_NAME, AnswerHeader, read_header

_PARTIAL = ".partial"


class OutputFolder:
    """Files are written under names that no flow takes and renamed together at the end, the answer key last."""

    def __init__(self, folder: Path, header: AnswerHeader, *, force: bool) -> None:
        """UsageError where the folder holds something other than this very run and `force` is not set."""
        self._folder = folder
        self._partials: list[Path] = []
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file, not a folder. Next: name another --output.")
        self._before = _earlier(folder)
        if force or not _has_files(folder) or (self._before and self._before.same_request(header)):
            return
        told = f"data of seed {self._before.seed}, end {self._before.end}" if self._before else "other files"
        raise UsageError(f"{folder} holds {told}. Next: name another --output, or replace it with --force.")

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def partial(self, name: str) -> Path:
        """The path under which a file is written until all are there."""
        path = self._folder / f".{name}{_PARTIAL}"
        self._partials.append(path)
        return path

    def finish(self, names: Sequence[str]) -> tuple[Path, ...]:
        """Give the partial files their names, in this order; other files of an earlier run here are removed."""
        old = {entry.name for entry in self._before.files} if self._before else set()
        for name in sorted(old - set(names)):
            (self._folder / Path(name).name).unlink(missing_ok=True)
        for name in names:
            (self._folder / f".{name}{_PARTIAL}").replace(self._folder / name)
        return tuple(self._folder / name for name in names)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for path in self._partials:
            path.unlink(missing_ok=True)


def _earlier(folder: Path) -> AnswerHeader | None:
    path = folder / ANSWERS_NAME
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return read_header(file.readline())


def _has_files(folder: Path) -> bool:
    return folder.is_dir() and any(not entry.name.endswith(_PARTIAL) for entry in folder.iterdir())

"""What a commit of staged files says: which files come, moved to their places, and which go."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path

import pyarrow as pa
from deltalake.transaction import AddAction, RemoveAction

from headgate.adapters.deltalake_stats import delta_stats
from headgate.core.records import TableChange


def added_files(change: TableChange, folder: Path, schema: pa.Schema, at: datetime) -> list[AddAction]:
    """The staged files as the log names them; they lie in the table's folder then."""
    actions = []
    for file in change.adds:
        name = Path(file.path).name
        _move_in(Path(file.path), folder / name)
        actions.append(
            AddAction(
                path=name,
                size=file.size_bytes,
                partition_values={},
                modification_time=_milliseconds(at),
                data_change=True,
                stats=delta_stats(file, schema),
            ),
        )
    return actions


def removed_files(change: TableChange, at: datetime) -> list[RemoveAction]:
    """The files that go; they stay readable by the versions before."""
    return [RemoveAction(path, True, _milliseconds(at)) for path in change.removes]


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _move_in(staged: Path, place: Path) -> None:
    """Move a staged file to its place; a rerun finds it there already."""
    if place.exists() and not staged.exists():
        return
    try:
        staged.replace(place)
    except OSError:  # another file system: copy, then take the name
        aside = place.with_suffix(".moving")
        shutil.copyfile(staged, aside)
        aside.replace(place)
        staged.unlink(missing_ok=True)

"""Files to take in: what lies in the folders and under the paths that the caller names."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from headgate.core.batches import Arrived
from headgate.core.errors import NotFoundError, UsageError
from headgate.core.near_name import did_you_mean
from headgate.settings import FILE, Settings


def require_flow(settings: Settings, flow: str | None) -> None:
    """NotFoundError unless the project has a flow of that name."""
    known = sorted(place.parent.name for place in settings.flows.glob("*/flow.yaml"))
    if flow is not None and flow not in known:
        raise NotFoundError(f"there is no flow {flow!r} in {settings.flows}. {did_you_mean(flow, known)}")


def find_files(paths: Sequence[Path], settings: Settings, *, flow: str | None = None) -> list[Arrived]:
    """Regular files by name, then path, each once. UsageError for a path that is none.

    Folders are searched with all below them, without hidden files, without what is the project's own, and without
    links that lead out of the folder.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        for place in _files_of(path, settings):
            found.setdefault(place.resolve(), place)
    ordered = sorted(found.values(), key=lambda place: (place.name, str(place)))
    return [
        Arrived(path=str(place), name=place.name, size_bytes=place.stat().st_size, sender=settings.sender, flow=flow)
        for place in ordered
    ]


def _files_of(path: Path, settings: Settings) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        yield from _below(path, _own_places(settings))
    else:
        kind = "is neither file nor folder" if path.exists() else "does not exist"
        raise UsageError(f"{path} {kind}; nothing was taken in. Next: name files or folders to take in.")


def _below(folder: Path, own: frozenset[Path]) -> Iterator[Path]:
    root = folder.resolve()
    links: list[Path] = []
    for where, folders, names in os.walk(root):
        here = Path(where)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and here / name not in own)
        for name in sorted(names):
            place = here / name
            if name.startswith(".") or place in own:
                continue
            if place.is_symlink():
                links.append(place)
            elif place.is_file():
                yield place
    # after the files themselves, so that a file which is there under its own name keeps that name
    yield from (link for link in links if link.is_file() and link.resolve().is_relative_to(root))


def _own_places(settings: Settings) -> frozenset[Path]:
    """Folders and files of the project, which nobody sent."""
    folders = (
        settings.flows, settings.lake, settings.vault, settings.receipts, settings.reports, settings.keys,
        settings.stage, settings.uploads, settings.anchor,
    )  # fmt: skip
    database = settings.ledger.removeprefix("sqlite:///")
    files = [f"{database}{ending}" for ending in ("", "-wal", "-shm")] + [str(settings.folder / FILE)]
    return frozenset(place.resolve() for place in (*folders, *map(Path, files)))

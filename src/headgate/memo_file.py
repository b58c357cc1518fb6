"""The file of kept results in a project's stage: read when a command begins, written where it found something new."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from headgate import __version__
from headgate.core.memo import Memo
from headgate.settings import Settings

FILE = ".memo"  # in the stage


@contextmanager
def opened_memo(settings: Settings) -> Iterator[Memo]:
    """What earlier commands found, and afterwards what this one did.

    A file that cannot be read or written is done without: all that it holds can be found again.
    """
    place = settings.stage / FILE
    content = b""
    with suppress(OSError):
        content = place.read_bytes()
    memo = Memo(content, program=_program())
    try:
        yield memo
    finally:
        new = memo.content()
        if new is not None:
            _write(place, new)


def _write(place: Path, content: bytes) -> None:
    """Put the content in its place at once: who reads meanwhile sees the old or the new. The last writer wins."""
    own = place.with_name(f"{place.name}-{os.getpid()}")
    with suppress(OSError):
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            own.write_bytes(content)
            own.replace(place)
        finally:
            own.unlink(missing_ok=True)


def _program() -> str:
    """SHA-256 over what results follow from beside their inputs: Headgate, and SQLGlot, which reads the SQL.

    A version alone says too little where a checkout is worked on, so each source file counts with its size and time.
    """
    found = hashlib.sha256(__version__.encode())
    reader = find_spec("sqlglot")
    places = [Path(__file__).parent, *(Path(place) for place in (reader and reader.submodule_search_locations) or ())]
    for place in places:
        for line in sorted(_sources(place)):
            found.update(line)
    return found.hexdigest()


def _sources(folder: Path) -> Iterator[bytes]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_file():
                status = entry.stat()
                yield os.fsencode(f"\n{entry.path} {status.st_size} {status.st_mtime_ns}")
            elif entry.name != "__pycache__":
                yield from _sources(Path(entry))

"""A folder of the stage for one replay: gone when it ends, and with the next one where a kill left it."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from headgate.core.platform import Platform

FOLDER = ".what-if"  # in the stage; no flow is called so
_LOCK = ".lock"


@contextmanager
def scratch(platform: Platform) -> Iterator[Path]:
    """An empty folder that goes when the block ends, however it ends.

    A lock beside it says that its process lives: the system gives it back with the process.
    """
    place = Path(platform.stage) / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    _clear_left(place)
    folder = place / f"{platform.owner}-{int(platform.random() * 1e9):x}"
    lock = os.open(f"{folder}{_LOCK}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder.mkdir()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        Path(f"{folder}{_LOCK}").unlink(missing_ok=True)
        os.close(lock)
        with suppress(OSError):  # another replay works beside it
            place.rmdir()


def _clear_left(place: Path) -> None:
    """Remove what replays left whose process is gone."""
    for name in place.glob(f"*{_LOCK}"):
        with suppress(OSError):  # of one that lives, or that another process removes at this moment
            lock = os.open(name, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(str(name).removesuffix(_LOCK), ignore_errors=True)
                name.unlink()
            finally:
                os.close(lock)

"""What only a local folder shows: kills, other file systems, a full disk, modes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.adapters.folder_files import FolderFiles
from headgate.core.errors import TransientError

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  another file system

PUT_AND_DIE = """
import os, signal, sys
from pathlib import Path
from headgate.adapters.folder_files import FolderFiles

def chunks():
    yield b"half" * 1000
    os.kill(os.getpid(), signal.SIGKILL)

files = FolderFiles(Path(sys.argv[1]), unnamed=sys.argv[2] == "unnamed")
files.put("a/whole", [b"whole"])
files.put("a/killed", chunks())
"""


@pytest.mark.parametrize("how", ["unnamed", "named"])
def test_a_kill_leaves_no_half_object(tmp_path: Path, how: str) -> None:
    done = subprocess.run([sys.executable, "-c", PUT_AND_DIE, str(tmp_path), how], check=False)
    assert done.returncode == -signal.SIGKILL
    files = FolderFiles(tmp_path)
    assert list(files.list()) == ["a/whole"]
    left = [name for _, _, names in os.walk(tmp_path) for name in names]
    assert len(left) == (1 if how == "unnamed" else 2)
    assert files.put("a/killed", [b"now whole"])


def test_an_object_cannot_be_written_over(tmp_path: Path) -> None:
    FolderFiles(tmp_path).put("a", [b"x"])
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o444


@pytest.mark.skipif(not SHARED_MEMORY.is_dir(), reason="needs a second file system")
def test_adopts_from_another_file_system(tmp_path: Path) -> None:
    source = SHARED_MEMORY / f"headgate-{os.getpid()}"
    source.write_bytes(b"x" * 3_000_000)
    assert source.stat().st_dev != tmp_path.stat().st_dev
    files = FolderFiles(tmp_path)
    assert files.adopt("a/b", str(source))
    assert files.size("a/b") == 3_000_000
    assert not source.exists()


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"x"
        # Gives the kernel's own error for a disk without room.
        with Path("/dev/full").open("wb", buffering=0) as full:
            full.write(b"x")

    files = FolderFiles(tmp_path)
    with pytest.raises(TransientError, match=r"No space left.*Free space"):
        files.put("a", chunks())
    assert files.size("a") is None

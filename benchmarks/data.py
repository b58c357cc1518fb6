"""Input files, made by `headgate generate` and kept by their options under the work folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

SEED = 7
END = "2026-11-20T00:00:00Z"  # the newest sale lies before it: the same bytes on every day
READ_BYTES = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Generated sales: `records` in all files together."""

    records: int
    paths: tuple[Path, ...]
    defects: float

    @property
    def size_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.paths)


def product() -> str:
    """The command of this environment."""
    return str(Path(sys.executable).parent / "headgate")


def sales(work: Path, *, records: int, files: int = 1, defects: float = 0.0) -> Dataset:
    """The files for these options; takes a while when they are asked for the first time.

    Raises `CalledProcessError` when the generator fails.
    """
    home = work / "data" / f"sales-{records}-files-{files}-defects-{defects:g}-seed-{SEED}"
    if not home.exists():
        unfinished = home.with_suffix(".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        print(f"generating {records:,} sales in {files:,} files", file=sys.stderr)
        options = ["--count", str(records), "--files", str(files), "--defects", f"{defects:g}"]
        fixed = ["--seed", str(SEED), "--end", END]
        command = [product(), "generate", "sales", *options, *fixed, "--output", str(unfinished)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        unfinished.rename(home)
    return Dataset(records=records, paths=tuple(sorted(home.glob("sales_batch_*.json"))), defects=defects)


def warm(dataset: Dataset) -> None:
    """Brings the files into the page cache, so that no run pays for the disk in another's place."""
    for path in dataset.paths:
        with path.open("rb") as source:
            while source.read(READ_BYTES):
                pass

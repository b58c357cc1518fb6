"""Where a command writes: results to standard output, everything else to standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headgate.core.platform import Progress


def write_json(document: object) -> None:
    """One JSON value on standard output."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def answer(document: Mapping[str, Any] | Sequence[Any], lines: Sequence[str], *, as_json: bool) -> None:
    """The result of a command: the document for machines, or the lines for people."""
    if as_json:
        write_json(document)
    else:
        sys.stdout.writelines(f"{line}\n" for line in lines)


def note(line: str) -> None:
    """Something beside the result."""
    _notes[-1](line)


def say_notes_to(hears: Callable[[str], object]) -> None:
    """Let notes go elsewhere from now on: into a log whose lines have a form."""
    _notes.append(hears)


_notes: list[Callable[[str], object]] = [lambda line: sys.stderr.write(f"{line}\n")]


def columns(rows: Sequence[Sequence[object]], *, heads: Sequence[str] = (), right: Sequence[int] = ()) -> list[str]:
    """Rows as lines whose cells stand under each other; `right` are the places of the columns that hold numbers."""
    texts = [[_cell(value) for value in row] for row in ([heads, *rows] if heads else rows)]
    if not texts:
        return []
    widths = [max(len(row[place]) for row in texts) for place in range(len(texts[0]))]
    return [
        "  ".join(
            cell.rjust(widths[place]) if place in right else cell.ljust(widths[place]) for place, cell in enumerate(row)
        ).rstrip()
        for row in texts
    ]


def _cell(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    # A name comes from whoever sent the file: control characters in it must not steer the terminal.
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in str(value))


@contextmanager
def progress_bars() -> Iterator[Callable[[Progress], None] | None]:
    """A bar a step on standard error where that is a terminal, else None."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    shown: dict[str, TaskID] = {}
    style = (TextColumn("{task.description:<9}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*style, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bars:

        def tell(progress: Any) -> None:  # noqa: ANN401  core's Progress, not imported for the speed of --help
            if progress.step not in shown:
                shown[progress.step] = bars.add_task(progress.step, total=progress.total)
            bars.update(shown[progress.step], completed=progress.done, total=progress.total)

        yield tell

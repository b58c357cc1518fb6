"""`init`: a project on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headgate.cli.console import answer
from headgate.cli.options import examples, json_option

if TYPE_CHECKING:
    from headgate.cli.new_project import Made


@click.command(
    "init", epilog=examples("headgate init shop", "headgate init lake --flow sales --flow retail --name lake-eu")
)
@click.argument(
    "folder", metavar="[DIR]", type=Path, default=Path(), help="Where the project shall be; default: this folder."
)
@click.option("--flow", "flows", multiple=True, help="A flow that ships: sales, retail, usedcars.")
@click.option("--name", help="Of the project; default: the folder's.")
@json_option
def init(folder: Path, *, flows: tuple[str, ...], name: str | None, as_json: bool) -> None:
    """Make a project: settings, flows, keys, ledger. What is there already is left as it is."""
    from headgate.cli.new_project import make_project

    made = make_project(folder, flows=flows, name=name)
    answer(as_document(made), lines_of(made), as_json=as_json)


def as_document(made: Made) -> dict[str, Any]:
    """What was made, for machines."""
    return {
        "project": str(made.folder),
        "name": made.name,
        "flows": list(made.flows),
        "written": list(made.written),
        "kept": list(made.kept),
        "key": made.key,
    }


def lines_of(made: Made) -> list[str]:
    """What was made, for people."""
    lines = [f"Project {made.name} in {made.folder}"]
    lines += [f"  written  {name}" for name in made.written]
    lines += [f"  kept     {name}" for name in made.kept]
    lines += [f"Receipts are signed by {made.key}.", "Next: `headgate run FILE …` there, or `headgate generate sales`."]
    return lines

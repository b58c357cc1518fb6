"""`init`: a project on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headgate.cli.console import answer
from headgate.cli.options import AsJson, add

if TYPE_CHECKING:
    from headgate.cli.new_project import Made

FolderArgument = Annotated[Path, typer.Argument(metavar="DIR", help="Where the project shall be.")]
FlowNames = Annotated[list[str] | None, typer.Option("--flow", help="A flow that ships: sales, retail, usedcars.")]


def register(app: typer.Typer) -> None:
    """Enter the commands of this file."""
    add(app, "init", init, "headgate init shop", "headgate init lake --flow sales --flow retail --name lake-eu")


def init(
    folder: FolderArgument = Path(),
    *,
    flow: FlowNames = None,
    name: Annotated[str | None, typer.Option(help="Of the project; default: the folder's.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a project: settings, flows, keys, ledger. What is there already is left as it is."""
    from headgate.cli.new_project import make_project

    made = make_project(folder, flows=tuple(flow or ()), name=name)
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

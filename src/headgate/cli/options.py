"""Options that many commands have, and how a command is entered with its examples."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, all else on standard error.")]
ProjectFolder = Annotated[
    Path | None,
    typer.Option(
        "--project", metavar="DIR", help="The project; default: the nearest folder upwards with headgate.toml."
    ),
]


def add(app: typer.Typer, name: str, function: Callable[..., Any], *examples: str) -> None:
    """Enter a command with examples at the end of its help."""
    app.command(name, epilog=_listed(examples))(function)


def add_group(app: typer.Typer, name: str, about: str) -> typer.Typer:
    """Enter a group of commands."""
    group = typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=None, add_completion=False)
    app.add_typer(group, name=name)
    return group


def _listed(examples: tuple[str, ...]) -> str:
    lines = "\n".join(f"  {example}" for example in examples)
    return f"\b\nExamples:\n{lines}"  # \b keeps the lines as they are

"""What commands share: options and arguments, groups in order, and examples at the end of a command's help."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

account_argument = click.argument("name", metavar="NAME", help="Of the account.")
Decorated = TypeVar("Decorated", bound=Callable[..., Any])

delivery_argument = click.argument(
    "delivery", metavar="DELIVERY", help="Its id, or as much of it as no other begins with."
)
flow_argument = click.argument("flow", metavar="FLOW", help="Name of the flow.")
json_option = click.option(
    "--json", "as_json", is_flag=True, help="One JSON object on standard output, all else on standard error."
)
project_option = click.option(
    "--project",
    metavar="DIR",
    type=Path,
    help="The project; default: the nearest folder upwards with headgate.toml.",
)


def log_options(command: Decorated) -> Decorated:
    """`--log-format` and `--log-level`, which take effect at once; without them, and their variables, all is quiet."""
    told: dict[str, str] = {}

    def set_up(_context: click.Context, parameter: click.Parameter, value: str | None) -> None:
        from headgate.cli.log_lines import set_up_log

        if value is not None:
            told[str(parameter.name)] = value
        if value is not None or {"HEADGATE_LOG_FORMAT", "HEADGATE_LOG_LEVEL"} & os.environ.keys():
            set_up_log(told.get("log_format"), told.get("log_level"))

    for name, values, what in (
        ("--log-level", ["debug", "info", "warning", "error"], "Log what happens, from this level on."),
        ("--log-format", ["json", "text"], "Log what happens on standard error, a line each."),
    ):
        command = click.option(name, type=click.Choice(values), expose_value=False, callback=set_up, help=what)(command)
    return command


class Group(click.Group):
    """A group whose help lists the commands in the order in which they were entered."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names; Click's own group sorts them."""
        del ctx
        return list(self.commands)


def examples(*calls: str) -> str:
    """The end of a command's help: its examples, a line each."""
    return "\n".join(["\b", "Examples:", *(f"  {call}" for call in calls)])  # \b keeps the lines as they are

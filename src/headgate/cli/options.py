"""What commands share: options and arguments, groups in order, and examples at the end of a command's help."""

from __future__ import annotations

from pathlib import Path

import click

account_argument = click.argument("name", metavar="NAME", help="Of the account.")
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


class Group(click.Group):
    """A group whose help lists the commands in the order in which they were entered."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names; Click's own group sorts them."""
        del ctx
        return list(self.commands)


def examples(*calls: str) -> str:
    """The end of a command's help: its examples, a line each."""
    return "\n".join(["\b", "Examples:", *(f"  {call}" for call in calls)])  # \b keeps the lines as they are

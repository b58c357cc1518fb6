"""The command line: `headgate COMMAND`. Each group of commands has a file of its own; this one joins them.

Nothing heavy is imported here, and command functions import what they need, so that `--help` is fast.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from headgate import __version__
from headgate.cli import (
    auditing,
    contracts,
    decisions,
    generating,
    golden,
    health,
    keys,
    looking,
    parameters,
    projects,
    querying,
    receipts,
    reporting,
    running,
    watching,
)
from headgate.cli.failures import explain

DEBUG = "--debug"
GROUPS = (
    projects,
    generating,
    running,
    watching,
    looking,
    querying,
    decisions,
    parameters,
    contracts,
    golden,
    receipts,
    auditing,
    keys,
    reporting,
    health,
)


def _say_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"headgate {__version__}\n")
        raise typer.Exit


def build_app() -> typer.Typer:
    """The application with all its commands."""
    app = typer.Typer(
        name="headgate",
        help="Takes files in verifiably, checks every row against a contract, holds what a person must see, publishes "
        "exactly once into Delta tables, and archives with proof.",
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(_root)
    for group in GROUPS:
        group.register(app)
    return app


def _root(
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Say the version and end.", is_eager=True, callback=_say_version)
    ] = False,
    debug: Annotated[bool, typer.Option(DEBUG, help="Show where in the code an error arose.")] = False,
) -> None:
    del version, debug  # the one ends the call, the other is taken off before Typer reads it: it may stand anywhere


def call(arguments: Sequence[str]) -> int:
    """Run one command; its exit status. Errors are told in words on standard error."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    debug = DEBUG in options
    try:
        build_app()([argument for argument in arguments if argument != DEBUG], prog_name="headgate")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except BaseException as error:  # noqa: BLE001  the edge: every error is told in words
        return explain(error, debug=debug, as_json="--json" in options)
    return 0


def main() -> None:
    """Run the command of this process and end it with its exit status."""
    # Nothing of what a command loads is garbage; `opened` switches the collector on again.
    gc.disable()
    # NumPy's linear algebra starts a thread a core, which spins for a while; no command uses it
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    status = call(sys.argv[1:])
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        status = 1
    # Native libraries complain about objects that an exception keeps alive when the interpreter takes itself apart.
    # Ledger and engines are closed by now, and files are synced where they are written: there is nothing left to do.
    os._exit(status)


if __name__ == "__main__":
    main()

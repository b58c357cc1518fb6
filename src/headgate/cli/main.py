"""The command line: `headgate COMMAND`. Each group of commands has a file of its own; this one joins them.

Nothing heavy is imported here, and command functions import what they need, so that `--help` is fast.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

import click
from click.exceptions import Exit

from headgate import __version__
from headgate.cli import (
    alerts,
    auditing,
    cases,
    contracts,
    decisions,
    generating,
    golden,
    health,
    keys,
    links,
    looking,
    parameters,
    people,
    projects,
    querying,
    receipts,
    reporting,
    running,
    serving,
    uploading_files,
    watching,
    what_if,
)
from headgate.cli.failures import explain
from headgate.cli.options import Group

DEBUG = "--debug"
COMMANDS = (  # as `headgate --help` lists them
    projects.init,
    running.run,
    running.demo,
    watching.watch,
    serving.serve,
    people.accounts,
    alerts.alerts,
    links.links,
    uploading_files.upload,
    looking.status,
    looking.show,
    cases.cases,
    querying.query,
    querying.tables,
    querying.history,
    decisions.release,
    decisions.reprocess,
    decisions.retry,
    what_if.what_if,
    golden.run_cases,
    reporting.report,
    health.doctor,
    generating.generate,
    parameters.parameters,
    contracts.contract,
    receipts.receipt,
    auditing.audit,
    keys.keys,
)


@click.group(
    "headgate",
    cls=Group,
    commands=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100, "show_default": True},
)
@click.version_option(__version__, message="%(prog)s %(version)s", help="Say the version and end.")
@click.option(DEBUG, is_flag=True, expose_value=False, help="Show where in the code an error arose.")
def headgate() -> None:
    """Takes files in verifiably, checks every row against a contract, holds what a person must see, publishes exactly
    once into Delta tables, and archives with proof.
    """


def call(arguments: Sequence[str]) -> int:
    """Run one command; its exit status. Errors are told in words on standard error."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    debug = DEBUG in options
    try:
        # DEBUG is taken off before Click reads it: it may stand anywhere
        read = [*(option for option in options if option != DEBUG), *arguments[len(options) :]]
        with headgate.make_context("headgate", read) as context:
            headgate.invoke(context)
    except Exit as end:
        return end.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
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

"""What a person is told when a command fails, and the exit status that says which kind of failure it was."""

from __future__ import annotations

import sys
import traceback

from headgate.cli.console import write_json
from headgate.core.errors import HeadgateError, UsageError

FAILED = 1  # a delivery failed, something is not proven, or the machine did not do its part
WRONG_CALL = 2
ROWS_FOUND = 3  # `run --fail-on`
INTERRUPTED = 130  # as shells count SIGINT

FAULT = (
    "This is a fault of Headgate: {kind}: {error}\n"
    "Please report it with the output of the same command with --debug, and of `headgate doctor`."
)


def explain(error: BaseException, *, debug: bool, as_json: bool) -> int:
    """Tell an error in one paragraph on standard error, with --json as an object on standard output; the status."""
    if debug:
        sys.stderr.write("".join(traceback.format_exception(error)))
    if isinstance(error, KeyboardInterrupt):
        sys.stderr.write("Interrupted. What was begun is finished by the next `headgate run`.\n")
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        return FAILED
    message = _message(error)
    sys.stderr.write(f"{message}\n")
    if as_json:
        write_json({"error": {"kind": type(error).__name__, "message": message}})
    return WRONG_CALL if isinstance(error, UsageError) else FAILED


def _message(error: BaseException) -> str:
    if isinstance(error, HeadgateError):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"The system refused: {error}. Next: look at the path, its permissions and the disk."
    return FAULT.format(kind=type(error).__name__, error=error)

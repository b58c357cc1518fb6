"""The log of a running process: lines on standard error, as JSON or as text. Nobody has to read it to use Headgate."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from headgate.cli import console
from headgate.core.errors import UsageError
from headgate.core.log_context import context

Format = Literal["json", "text"]
Level = Literal["debug", "info", "warning", "error"]
FORMATS, LEVELS = get_args(Format), get_args(Level)
FORMAT_VARIABLE, LEVEL_VARIABLE = "HEADGATE_LOG_FORMAT", "HEADGATE_LOG_LEVEL"

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def set_up_log(format_: str | None = None, level: str | None = None) -> None:
    """Write lines of that form from that level on; what is not given is taken from the environment.

    Where neither says anything, nothing changes: warnings of ours go to standard error as Python writes them. What is
    given is put into the environment, so that workers write the same.
    """
    for name, given, known in ((FORMAT_VARIABLE, format_, FORMATS), (LEVEL_VARIABLE, level, LEVELS)):
        if given is not None:
            os.environ[name] = given
        if os.environ.get(name, known[0]) not in known:
            raise UsageError(f"{name} is {os.environ[name]!r}; known are {', '.join(known)}.")
    if not {FORMAT_VARIABLE, LEVEL_VARIABLE} & os.environ.keys():
        return
    as_json = os.environ.get(FORMAT_VARIABLE, "text") == "json"
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if as_json else TextLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("headgate").setLevel(os.environ.get(LEVEL_VARIABLE, "info").upper())
    if as_json:
        console.say_notes_to(lambda line: logging.getLogger("headgate.note").warning("note", extra={"said": line}))


class JsonLines(logging.Formatter):
    """`{"time": …, "level": …, "event": …, …}`, one object a line: no text can begin another line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return json.dumps(_fields(self, record), ensure_ascii=True, default=str)


class TextLines(logging.Formatter):
    """`12:30:00.123 info  step ended  step=check …`; signs that would steer a terminal are replaced."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; an exception's trace follows, indented."""
        fields = _fields(self, record)
        time, level, event = (str(fields.pop(name)) for name in ("time", "level", "event"))
        trace = str(fields.pop("exception", ""))
        told = "  ".join(f"{name}={_plain(str(value))}" for name, value in fields.items() if name != "logger")
        lines = [f"{time[11:23]} {level:<7} {_plain(event)}  {told}".rstrip()]
        return "\n".join([*lines, *(f"    {_plain(line)}" for line in trace.splitlines())])


def _fields(formatter: logging.Formatter, record: logging.LogRecord) -> dict[str, Any]:
    """What a line says: when, how grave, what, where it belongs, and what the caller added."""
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    fields: dict[str, Any] = {
        "time": moment.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "event": record.getMessage(),
        "logger": record.name,
        **context(),
    }
    fields |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
    if record.exc_info:
        fields["exception"] = formatter.formatException(record.exc_info)
    return fields


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)

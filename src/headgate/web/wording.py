"""How templates write what is long, odd or hostile: cut, isolated, in words."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from markupsafe import Markup, escape

from headgate.serve.record_form import told
from headgate.serve.report_numbers import fixed

_PARAMETER = re.compile(r"\$([A-Za-z_]\w*)")
_OVERRIDES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def cut(text: object, most: int = 80) -> str:
    """The beginning of a long text, with an ellipsis; signs that turn text around show as U+FFFD."""
    plain = _OVERRIDES.sub("\ufffd", str(text))
    return plain if len(plain) <= most else f"{plain[: most - 1]}\u2026"


def written(text: str) -> str:
    """All of a text of several lines; in each what would not be seen, or would turn it round, is written out."""
    return "\n".join(told(line, len(line)) for line in text.splitlines())


def parameters(text: str) -> Markup:
    """A rule's words with `$amount_limit` as code, without the sign."""
    parts = _PARAMETER.split(text)
    return Markup().join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    )


def commands(text: str) -> Markup:
    """Text in which what stands between backticks is code."""
    parts = text.split("`")
    return Markup().join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    )


def duration(seconds: float) -> Markup:
    """0.004 -> 4 ms; 0.25 -> 0.3 s; 42 -> 42 s; 8280 -> 2 h 18 min; 200000 -> 2 days 7 h."""
    if seconds < 0.1:  # noqa: PLR2004
        return _tied(f"{fixed(seconds * 1000)} ms")
    if seconds < 10:  # noqa: PLR2004  then tenths tell something
        return _tied(f"{fixed(seconds, 1)} s")
    whole, told = int(seconds), []
    for unit, of in (("day", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, whole = divmod(whole, of)
        if count:
            told.append(f"{fixed(count)} {unit}{'s' if unit == 'day' and count > 1 else ''}")
    return _tied(" ".join(told[:2]))


def day(moment: datetime) -> Markup:
    """20 Nov 2026."""
    return _tied(f"{moment.day} {moment.strftime('%b %Y')}")


def day_time(moment: datetime) -> Markup:
    """20 Nov 2026, 08:00."""
    return _tied(f"{moment.day} {moment.strftime('%b %Y, %H:%M')}")


def cell(value: Any, most: int = 120) -> str:  # noqa: ANN401  a value of any column
    """A value of a table: numbers as they are stored, times in UTC, containers as JSON; cut where it is long."""
    match value:
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%S") + (f".{value.microsecond:06}" if value.microsecond else "") + "Z"
        case Decimal():
            return f"{value:f}"
        case timedelta():
            return str(value)
        case list() | dict():
            return cut(json.dumps(value, ensure_ascii=False, default=str), most)
        case _:
            return cut(value, most)


def _tied(text: str) -> Markup:
    return escape(text).replace(" ", Markup("&nbsp;"))


FILTERS: dict[str, Callable[..., Any]] = {
    "written": written,
    "cut": cut,
    "parameters": parameters,
    "commands": commands,
    "duration": duration,
    "day": day,
    "day_time": day_time,
    "cell": cell,
}

"""Which names objects may have: ours only, since no name from a sender ever becomes a path."""

from __future__ import annotations

import re

from headgate.core.errors import UsageError

UNFINISHED = ".incoming"
"""First part of the names under which objects are written before they have their own."""

MAX_NAME_CHARACTERS = 900

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*", re.ASCII)


def check_name(name: str) -> str:
    """The name; UsageError unless its parts are letters, digits, `.`, `_` and `-`, and none begins with a dot."""
    if len(name) > MAX_NAME_CHARACTERS or not _NAME.fullmatch(name):
        raise UsageError(
            f"{name[:200]!r} is no name of an object: parts between / are letters, digits, '.', '_' and '-', do not "
            f"begin with a dot, and the whole has 1 to {MAX_NAME_CHARACTERS} characters. Name it by a hash or a number."
        )
    return name

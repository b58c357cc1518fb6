"""The name that a person probably meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def near_name(wrong: str, known: Iterable[str]) -> str | None:
    """The known name closest to a wrong one, or None where none is close. Case is looked at last.

    >>> near_name("requird", ["required", "unique"])
    'required'
    """
    folded = {name.casefold(): name for name in sorted(known)}
    if wrong.casefold() in folded:
        return folded[wrong.casefold()]
    found = difflib.get_close_matches(wrong.casefold(), list(folded), n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """`Did you mean 'required'?`, or the names that there are where none is close (at most twelve)."""
    names = sorted(set(known))
    near = near_name(wrong, names)
    if near is not None:
        return f"Did you mean {near!r}?"
    if not names:
        return ""
    more = "" if len(names) <= _SHOWN else f" and {len(names) - _SHOWN} more"
    return f"Known are {', '.join(names[:_SHOWN])}{more}."


_SHOWN = 12

"""What a delivery's state means for a person: what happened, and what to do next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

import msgspec

from headgate.core.overlay import is_amendment
from headgate.core.reason_words import in_words
from headgate.core.records import Delivery
from headgate.core.states import DeliveryState
from headgate.serve.report_numbers import percent, percent_exact

_SHARES = re.compile(r"accepted ([\d.]+) of at least ([\d.]+)")  # as the review says it


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A state in words."""

    heading: str
    what: str
    next: str
    kind: str = ""  # of the note: held, fail


def going_on(id_: str, *, accounts_decide: bool) -> str:
    """The command by which a delivery that is held as a whole goes on.

    Where accounts decide in its flow it takes their votes, and whoever owns the project's folder has none.
    """
    if accounts_decide:
        return f"headgate cases list --delivery {id_} --each"
    return f'headgate release {id_} --reason "\u2026"'


def tell_state(one: Delivery, *, accounts_decide: bool) -> Told | None:
    """The words for a delivery that does not go on by itself; None for one that does."""
    match one.state:
        case DeliveryState.HELD:
            command = going_on(one.id, accounts_decide=accounts_decide)
            how = "decide on it in the inbox or from" if accounts_decide else "let it go on with"
            return Told(
                heading="Held as a whole",
                what=_why_held(one),
                next=f"look at its reasons, then {how} `{command}`, or ask its sender for a new version.",
                kind="held",
            )
        case DeliveryState.FAILED:
            return Told(
                heading="Failed",
                what=one.note or "It stopped.",
                next=f"put that right, then `headgate retry {one.id}`. Its bytes are kept.",
                kind="fail",
            )
        case DeliveryState.UNMATCHED:
            return Told(
                heading="No flow takes it",
                what="No flow takes a file of this name; its bytes are kept.",
                next="run the file with `headgate run FILE --flow NAME`.",
                kind="held",
            )
        case DeliveryState.REFUSED if is_amendment(one):
            what, _, _ = one.note.partition(" Next: ")
            return Told(heading="Not published", what=what, next="decide on the cases that are open now.", kind="fail")
        case DeliveryState.REFUSED:
            return Told(heading="Not taken", what=one.note, next="nothing, or send what was meant.", kind="fail")
        case DeliveryState.SUPERSEDED:
            by = one.superseded_by or "a later version"
            return Told(heading="Replaced", what=f"{by} took its place.", next="nothing; look there.")
        case _:
            return None


def shares_in_words(found: str) -> str:
    """`accepted 0.0500 of at least 0.95` -> 5.0 % of at least 95 %; other text as it is."""
    return _SHARES.sub(_share, found)


def _share(each: re.Match[str]) -> str:
    return f"{percent(Decimal(each[1]))} of at least {percent_exact(Decimal(each[2]))}"


def _why_held(one: Delivery) -> str:
    """A sentence for each reason, with what was found."""
    why: Mapping[str, str] = one.facts.get("held", {}) or dict.fromkeys(one.held_for, "")
    told = [(in_words(code, None, {}) or code, shares_in_words(found)) for code, found in why.items()]
    return " ".join(f"{words.rstrip('.')}: {found}." if found else f"{words.rstrip('.')}." for words, found in told)

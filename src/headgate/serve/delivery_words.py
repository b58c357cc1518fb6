"""What a delivery's state means for a person: what happened, and what to do next."""

from __future__ import annotations

import msgspec

from headgate.core.overlay import is_amendment
from headgate.core.records import Delivery
from headgate.core.states import DeliveryState
from headgate.serve.run_facts import held_reason


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A state in words."""

    heading: str
    what: str
    next: str
    kind: str = ""  # of the note: held, fail


def tell_state(one: Delivery) -> Told | None:
    """The words for a delivery that does not go on by itself; None for one that does."""
    match one.state:
        case DeliveryState.HELD:
            why = held_reason(one)
            release = f'headgate release {one.id} --reason "…"'
            return Told(
                heading="Held as a whole",
                what=f"It is held: {why}.",
                next=f"look at its reasons, then let it go on with `{release}`, or ask its sender for a new version.",
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

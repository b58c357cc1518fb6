"""States of a delivery and the one table of legal transitions; the ledger's triggers are made from it."""

from __future__ import annotations

from enum import StrEnum


class DeliveryState(StrEnum):
    """Where a delivery stands. Open cases are no state."""

    REGISTERED = "registered"  # known by its place, not yet in the vault
    LANDED = "landed"  # its bytes are proven and in the vault
    CHECKED = "checked"  # its rows are staged with verdicts
    HELD = "held"  # as a whole, until a person releases it
    PUBLISHING = "publishing"  # part of an open publication
    PUBLISHED = "published"  # its rows are in the tables
    ARCHIVED = "archived"  # its receipt is signed
    REFUSED = "refused"  # not taken: a duplicate, empty, or nothing we can read
    UNMATCHED = "unmatched"  # kept, but no flow takes a file of this name
    SUPERSEDED = "superseded"  # a later version took its place
    FAILED = "failed"  # an error of ours or of the contract; `headgate retry`


_S = DeliveryState

TRANSITIONS: dict[DeliveryState, frozenset[DeliveryState]] = {
    _S.REGISTERED: frozenset({_S.LANDED, _S.REFUSED, _S.UNMATCHED, _S.FAILED}),
    _S.LANDED: frozenset({_S.CHECKED, _S.REFUSED, _S.FAILED}),
    _S.CHECKED: frozenset({_S.PUBLISHING, _S.FAILED, _S.LANDED}),
    _S.PUBLISHING: frozenset({_S.PUBLISHED, _S.HELD}),
    _S.HELD: frozenset({_S.LANDED, _S.SUPERSEDED}),
    _S.PUBLISHED: frozenset({_S.ARCHIVED}),
    _S.ARCHIVED: frozenset({_S.LANDED, _S.SUPERSEDED}),
    _S.FAILED: frozenset({_S.REGISTERED, _S.LANDED, _S.SUPERSEDED}),
    _S.UNMATCHED: frozenset({_S.REGISTERED}),
    _S.REFUSED: frozenset(),
    _S.SUPERSEDED: frozenset(),
}
"""From -> to. CHECKED -> LANDED when a stage is lost and the rows are checked again; ARCHIVED -> LANDED is a
reprocessing, HELD -> LANDED a release: both go through check again, under what is in force."""

ENDS = frozenset(
    {_S.HELD, _S.ARCHIVED, _S.REFUSED, _S.UNMATCHED, _S.SUPERSEDED, _S.FAILED},
)
"""States in which nothing goes on by itself."""


def is_legal(before: DeliveryState, after: DeliveryState) -> bool:
    """True where a delivery may go from `before` to `after`."""
    return after in TRANSITIONS[before]

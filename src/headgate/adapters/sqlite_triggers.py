"""Triggers of the ledger: legal transitions, and lines that are written once.

They guard against our own mistakes and against a hand in the database; who can drop a trigger is caught by the
signed log instead.
"""

from __future__ import annotations

from headgate.core.states import TRANSITIONS, DeliveryState

WRITTEN_ONCE = ("events", "tree_nodes", "checkpoints", "receipts")
"""Tables whose lines are neither changed nor deleted."""


def triggers() -> list[str]:
    """The CREATE TRIGGER statements, in the order of their names."""
    statements = [_transition(), _first_state(), _landing_order(), _next_event(), _kept("deliveries", "DELETE")]
    statements += [_kept(table, action) for table in WRITTEN_ONCE for action in ("DELETE", "UPDATE")]
    return sorted(statements)


def _transition() -> str:
    """From core.states.TRANSITIONS; an update that leaves the state alone passes."""
    legal = " OR ".join(
        f"(OLD.state = '{before}' AND NEW.state IN ({_listed(after)}))"
        for before, after in sorted(TRANSITIONS.items())
        if after
    )
    return _trigger(
        "deliveries_transition",
        "BEFORE UPDATE OF state ON deliveries",
        when=f"OLD.state <> NEW.state AND NOT ({legal})",
        message="illegal transition of a delivery",
    )


def _first_state() -> str:
    first = {DeliveryState.REGISTERED, *TRANSITIONS[DeliveryState.REGISTERED]} - {DeliveryState.FAILED}
    return _trigger(
        "deliveries_first_state",
        "BEFORE INSERT ON deliveries",
        when=f"NEW.state NOT IN ({_listed(first)})",
        message="a new delivery cannot be in this state",
    )


def _landing_order() -> str:
    return _trigger(
        "deliveries_landing_order",
        "BEFORE INSERT ON deliveries",
        when="NEW.landing_number <= (SELECT max(landing_number) FROM deliveries)",
        message="landing numbers only grow",
    )


def _next_event() -> str:
    return _trigger(
        "events_next",
        "BEFORE INSERT ON events",
        when="NEW.position <> (SELECT coalesce(max(position) + 1, 0) FROM events)",
        message="events have no gap",
    )


def _kept(table: str, action: str) -> str:
    return _trigger(
        f"{table}_no_{action.lower()}", f"BEFORE {action} ON {table}", message=f"{table} allow no {action.lower()}"
    )


def _trigger(name: str, event: str, *, message: str, when: str = "") -> str:
    condition = f" WHEN {when}" if when else ""
    return f"CREATE TRIGGER {name} {event}{condition} BEGIN SELECT RAISE(ABORT, 'headgate: {message}'); END"


def _listed(states: frozenset[DeliveryState] | set[DeliveryState]) -> str:
    return ", ".join(f"'{state}'" for state in sorted(states))

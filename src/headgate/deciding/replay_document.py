"""A replay as JSON, the same for the command line and the API; and as two sentences."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from headgate.core.contract_diff import Change
from headgate.core.records import Counts
from headgate.deciding.replay_choice import LeftOut
from headgate.deciding.replay_comparing import Cell
from headgate.deciding.replay_result import ContractChange, Replay, Replayed, Side
from headgate.serve.deliveries import counts_document


def replay_document(found: Replay) -> dict[str, Any]:
    """The replay for programs; shares are decimal texts, exact to six places."""
    return {
        "flow": found.flow,
        "digest": found.digest,
        "contract": None if found.contract is None else _contract(found.contract),
        "values": [msgspec.to_builtins(one) for one in found.values],
        "rows": found.rows,
        "moved": found.moved,
        "share": {"now": _share(found.share_now), "then": _share(found.share_then)},
        "counts": {"now": counts_document(found.now), "then": counts_document(found.then)},
        "matrix": _cells(found.cells),
        "moves": [msgspec.to_builtins(one) for one in found.moves],
        "deliveries": [_delivery(one) for one in found.deliveries],
        "failing": [_left(one) for one in found.failing],
        "left_out": [_left(one) for one in found.left_out],
    }


def question(found: Replay) -> str:
    """What is proposed: "limit 50 instead of 100 and contract 2.0.0 instead of 1.0.0"."""
    told = [f"{one.name} {_value(one.after)} instead of {_value(one.before)}" for one in found.values]
    if found.contract is not None:
        told.append(f"contract {found.contract.after} instead of {found.contract.before}")
    return " and ".join(told)


def sentence(found: Replay) -> str:
    """The finding: "301 of 287,310 rows would change their verdict, all from held to accepted."."""
    failing = len(found.failing)
    if not failing:
        return _of_rows(found)
    told = f"{failing:,} {'delivery' if failing == 1 else 'deliveries'} would fail, and stay as published"
    return f"{told}. {_of_rows(found)}" if found.deliveries else f"{told}: the change cannot be made like this."


def _of_rows(found: Replay) -> str:
    moved = [cell for cell in found.cells if cell.now != cell.then]
    rows = f"{found.rows:,} {'row' if found.rows == 1 else 'rows'}"
    if not moved:
        return f"No verdict would change on {rows}."
    if len(moved) == 1:
        return f"{found.moved:,} of {rows} would change their verdict, all from {moved[0].now} to {moved[0].then}."
    parts = [f"{cell.rows:,} from {cell.now} to {cell.then}" for cell in sorted(moved, key=lambda cell: -cell.rows)]
    return f"{found.moved:,} of {rows} would change their verdict: {', '.join(parts)}."


def held_changes(found: Replay) -> list[str]:
    """Sentences about deliveries that are held as a whole on one side alone."""
    told = []
    for one in found.deliveries:
        if bool(one.now.held_for) == bool(one.then.held_for):
            continue
        if one.then.held_for:
            told.append(f"{one.id} ({one.name}) would be held as a whole: {_why(one.then)}.")
        else:
            told.append(f"{one.id} ({one.name}) would not be held as a whole any more, as it is for {_why(one.now)}.")
    return told


def drifted(found: Replay) -> list[str]:
    """Sentences about deliveries on which checking alone, without the proposal, would change something."""
    return [
        f"{one.id} ({one.name}) would change by being checked again alone: {_balance(one.stands)} stands, "
        f"{_balance(one.now.counts)} would come out under what is in force."
        for one in found.deliveries
        if one.stands is not None and one.stands != one.now.counts
    ]


def _balance(counts: Counts) -> str:
    told = counts_document(counts) or {}
    return ", ".join(f"{rows:,} {word}" for word, rows in told.items() if word != "received")


def _why(side: Side) -> str:
    return "; ".join(f"{code}: {found}" for code, found in side.held_for.items())


def _value(text: str | None) -> str:
    if text is None:
        return "none"
    return text if len(text) <= 40 else f"{text[:12]}…"  # noqa: PLR2004  of a table the hash, of a list its beginning


def _left(one: LeftOut) -> dict[str, str]:
    return {"id": one.id, "file": one.name, "why": one.why}


def _share(share: Decimal | None) -> str | None:
    return None if share is None else f"{share:.6f}"


def _cells(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    return [msgspec.to_builtins(cell) for cell in cells]


def _contract(change: ContractChange) -> dict[str, Any]:
    return {
        "before": {"version": change.before, "sha256": change.digest_before},
        "after": {"version": change.after, "sha256": change.digest_after},
        "rise": change.rise,
        "risen_enough": change.risen_enough,
        "changes": [_change(one) for one in change.changes],
    }


def _change(one: Change) -> dict[str, Any]:
    return {
        "path": one.path,
        "what": one.what,
        "senders": one.senders,
        "readers": one.readers,
        "level": one.level.name.lower(),
    }


def _delivery(one: Replayed) -> dict[str, Any]:
    return {
        "id": one.id,
        "file": one.name,
        "received": one.received,
        "stands": counts_document(one.stands),
        "now": _side(one.now),
        "then": _side(one.then),
        "matrix": _cells(one.cells),
    }


def _side(side: Side) -> dict[str, Any]:
    return {"counts": counts_document(side.counts), "held_for": dict(side.held_for)}

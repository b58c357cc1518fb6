"""What `show` tells of a delivery's cases and amendments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from headgate.cli.case_output import DONE
from headgate.cli.console import columns
from headgate.core.cases import Case, CaseState, Decision
from headgate.core.overlay import is_amendment
from headgate.core.records import Delivery


def told_document(one: Delivery, cases: Sequence[Case], decisions: Sequence[Decision]) -> dict[str, Any]:
    """For machines: open cases and amendments of a delivery, or what an amendment amends."""
    if is_amendment(one):
        return {"amends": {name: one.facts[name] for name in ("origin", "case", "decision", "act")}}
    return {
        "open_cases": [
            {"case": case.id, "code": case.code, "rule": case.rule, "rows": case.left} for case in _open(cases)
        ],
        "amendments": [
            {"case": each.case, "act": each.act.value, "rows": each.rows, "delivery": each.amendment}
            for each in decisions
            if each.amendment != one.id
        ],
    }


def told_lines(one: Delivery, cases: Sequence[Case], decisions: Sequence[Decision]) -> Iterator[str]:
    """The same in words."""
    if is_amendment(one):
        by = f"decision {one.facts['decision']} on {one.facts['case']}"
        yield f"It amends {one.facts['origin']}, by {by}; its rows keep the numbers that they have there."
        yield f"Next: headgate cases show {one.facts['case']}"
        return
    if waiting := _open(cases):
        yield "Cases that are open"
        rows = [(case.id, case.code, case.left) for case in waiting]
        yield from (f"  {line}" for line in columns(rows, heads=("case", "code", "rows"), right=(2,)))
        yield f"  Next: headgate cases show {waiting[0].id}"
    if amended := [each for each in decisions if each.amendment != one.id]:
        yield "Amendments"
        lines = [
            (each.amendment, f"{DONE[each.act]} {each.rows:,} {'row' if each.rows == 1 else 'rows'}", each.case)
            for each in amended
        ]
        yield from (f"  {line}" for line in columns(lines))


def _open(cases: Sequence[Case]) -> list[Case]:
    return [case for case in cases if case.state is CaseState.OPEN]

"""The two statements that check a delivery: the quick look at all rows, the close look at those that fail it."""

from __future__ import annotations

import msgspec

from headgate.core.contract import Contract
from headgate.core.flow import ParameterDeclaration
from headgate.core.memo import Memo

INPUT = "_input"  # rows to look at: _n, _row, _offset, _length, _now, raw, and `fields` for text formats
STAGE = "_stage"  # rows as staged
SUSPECTS = "_suspects"  # those of them that failed the quick look
NOW = "_now"
"""Column of the input with the time of landing: `now()` in a rule, the same at every replay."""
CARRIED = ("_n", "_row", "_offset", "_length", NOW)


class CheckPlan(msgspec.Struct, frozen=True, kw_only=True):
    """SQL made from one contract for one kind of input."""

    quick: str  # over INPUT: the staged rows
    typed: str  # the same over rows that Arrow has typed; empty for text formats
    close: str  # over SUSPECTS: each with its reasons
    parameters: frozenset[str]  # names that either statement binds, without those of ours
    shape_paths: tuple[str, ...]  # JSON paths whose names make a record's shape
    element_paths: tuple[str, ...]


def plan_of(
    contract: Contract,
    parameters: tuple[ParameterDeclaration, ...],
    memo: Memo,
    *,
    headers: frozenset[str] | None = None,
) -> CheckPlan:
    """The statements, written once; `headers` are the columns of a text file, None stands for JSON records."""

    def write() -> CheckPlan:
        # SQLGlot takes 40 ms to import; plans that are remembered do without.
        from headgate.check.plan_sql import write_plan  # noqa: PLC0415

        return write_plan(contract, parameters, headers=headers)

    return memo.result("check plan", CheckPlan, [contract.digest, parameters, headers], write)

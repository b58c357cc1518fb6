"""The moves of a replay in words: what is found, as far as anybody may see it, and what is expected."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import msgspec

from headgate.core.contract import Contract
from headgate.core.flow import Flow
from headgate.core.reason_words import in_words
from headgate.core.reasons import Verdict
from headgate.core.replacing import replace
from headgate.deciding.replay_comparing import Move, Sample
from headgate.deciding.replay_proposal import Proposed
from headgate.serve.personal import plain_paths
from headgate.serve.rule_words import expected


class MoveLine(msgspec.Struct, frozen=True, kw_only=True):
    """Rows whose verdict changes, by one reason: that which will stand on them, of accepted ones that which did."""

    now: str
    then: str
    code: str
    column: str  # as in the contract: items[].quantity
    rule: str
    words: str  # the reason as a sentence
    expected: str  # what the rule asks for; empty where nothing can be said
    rows: int
    masked: bool  # what was found is not shown: it may speak of a person
    samples: tuple[Sample, ...]


def tell_moves(flow: Flow, proposed: Proposed, moves: Sequence[Move]) -> tuple[MoveLine, ...]:
    """Each move with the words of the contract whose reason it is.

    Values are shown of columns that hold nothing personal by both contracts: a proposal unmasks nothing.
    """
    plain = plain_paths(flow.contract) & plain_paths(proposed.flow.contract)
    before: tuple[Contract, Mapping[str, str]] = (flow.contract, proposed.in_force)
    after = (proposed.flow.contract, {**proposed.in_force, **proposed.values})
    return tuple(_line(move, *(before if move.then == Verdict.ACCEPTED else after), plain) for move in moves)


def _line(move: Move, contract: Contract, values: Mapping[str, str], plain: Collection[str]) -> MoveLine:
    rule = next((rule for rule in contract.rules if rule.id == move.rule), None)
    masked = not set(move.column.split(", ")) <= set(plain) and any(one.found is not None for one in move.samples)
    return MoveLine(
        now=move.now,
        then=move.then,
        code=move.code,
        column=move.column,
        rule=move.rule,
        words=in_words(move.code, rule, values) or move.code,
        expected=expected(rule, contract, values),
        rows=move.rows,
        masked=masked,
        samples=tuple(replace(one, found=None) for one in move.samples) if masked else move.samples,
    )

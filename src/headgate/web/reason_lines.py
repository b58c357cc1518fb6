"""Reasons of a delivery as a page shows them: in the words of the contract, with a sample, personal values masked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from headgate.core.platform import Platform
from headgate.core.reason_words import in_words
from headgate.core.records import Delivery, ReasonCount
from headgate.serve.delivery_story import KeptRow

_MARKS = {"held": ("held", "H"), "rejected": ("rejected", "R"), "duplicate": ("duplicate", "D")}

WARNING = "warn"


class ReasonLine(msgspec.Struct, frozen=True, kw_only=True):
    """A reason with a sample, as far as the visitor may see it."""

    mark: str
    letter: str
    word: str
    words: str
    code: str
    column: str
    rule: str
    rows: int
    row: int = 0
    found: str | None = None
    masked: bool = False


def reason_lines(platform: Platform, one: Delivery, samples: Sequence[KeptRow]) -> Iterator[ReasonLine]:
    """The reasons in the words of the contract, each with the first sample that carries it."""
    flow = platform.flows.get(one.flow or "")
    rules = {} if flow is None else {rule.id: rule for rule in flow.contract.rules}
    values = dict(_values(platform, one))
    plain = set() if flow is None else {column.path for column in flow.contract.walk() if not column.personal}
    for reason in one.reasons:
        mark, letter = _MARKS.get(reason.verdict, (WARNING, "W"))
        row, value = _sample(samples, reason)
        masked = bool(row) and not plain.issuperset(reason.column.split(", "))
        yield ReasonLine(
            mark=mark,
            letter=letter,
            word=mark if mark != WARNING else "warning",
            words=in_words(reason.code, rules.get(reason.rule), values) or reason.code,
            code=reason.code,
            column=reason.column,
            rule=reason.rule,
            rows=reason.rows,
            row=row,
            found=None if masked else value,
            masked=masked,
        )


def _values(platform: Platform, one: Delivery) -> Iterator[tuple[str, str]]:
    """The parameters that stood for a delivery, by name."""
    for version in platform.ledger.parameters(one.flow or ""):
        if one.parameters.get(version.name) == version.number:
            yield version.name, version.value


def _sample(samples: Sequence[KeptRow], reason: ReasonCount) -> tuple[int, str | None]:
    """Row and value of the first sample with this reason; row 0 for none."""
    for sample in samples:
        for found in sample.reasons:
            if found["code"] == reason.code and found["column"] == reason.column and found["rule"] == reason.rule:
                return sample.row, found["value"]
    return 0, None

"""The reasons of a delivery in the words of its contract: a sample found, what was expected, the next step."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import msgspec

from headgate.core.contract import Column, Rule, RuleKind
from headgate.core.platform import Platform
from headgate.core.reason_words import in_words
from headgate.core.records import Delivery, ReasonCount
from headgate.core.replacing import replace
from headgate.serve.contract_words import expected, kind_of
from headgate.serve.delivery_story import KeptRow
from headgate.serve.personal import plain_paths

WARNING = "warn"  # the mark of a reason on rows that went on
_MARKS = {"held": ("held", "H"), "rejected": ("rejected", "R"), "duplicate": ("duplicate", "D")}
_NEXT = {
    "held": "a reviewer releases or corrects {rows}",
    "rejected": "the sender corrects {rows} and sends again",
    "duplicate": "nothing: what counts is there",
}
_WENT_ON = "nothing: {rows} went on"
_ELEMENT = re.compile(r"\[\d+\]")


class ReasonLine(msgspec.Struct, frozen=True, kw_only=True):
    """A reason with a sample, as far as anybody may see it."""

    mark: str
    letter: str
    word: str
    words: str
    code: str
    column: str
    rule: str
    rows: int
    expected: str
    next: str
    row: int = 0
    found: str | None = None
    masked: bool = False
    unmasked: bool = False  # the visitor asked to see it, which is recorded


def tell_reasons(
    platform: Platform, one: Delivery, samples: Sequence[KeptRow], *, seen: Collection[str] = ()
) -> list[ReasonLine]:
    """By verdict, most rows first; values of columns that are personal, or that the contract does not know, masked.

    Not masked are the columns of `seen`, for which the caller has recorded who looks.
    """
    flow = platform.flows.get(one.flow or "")
    rules = {} if flow is None else {rule.id: rule for rule in flow.contract.rules}
    columns = {} if flow is None else {column.path: column for column in flow.contract.walk()}
    values = _values(platform, one)
    ordered = sorted(one.reasons, key=lambda reason: (list(_ORDER).index(reason.verdict), -reason.rows))
    plain = frozenset[str]() if flow is None else plain_paths(flow.contract)
    lines = [_line(reason, rules.get(reason.rule), columns, values, samples) for reason in ordered]
    return [_masked(line, plain, seen) for line in lines]


_ORDER = ("held", "rejected", "duplicate", "accepted")


def most_rows(lines: Sequence[ReasonLine]) -> int:
    """Rows of the reason that stands on most."""
    return max((line.rows for line in lines), default=0)


def _line(
    reason: ReasonCount,
    rule: Rule | None,
    columns: Mapping[str, Column],
    values: Mapping[str, str],
    samples: Sequence[KeptRow],
) -> ReasonLine:
    mark, letter = _MARKS.get(reason.verdict, (WARNING, "W"))
    row, value = _sample(samples, reason)
    rows = f"{reason.rows:,} {'row' if reason.rows == 1 else 'rows'}"
    return ReasonLine(
        mark=mark,
        letter=letter,
        word=mark if mark != WARNING else "warning",
        words=in_words(reason.code, rule, values) or reason.code,
        code=reason.code,
        column=reason.column,
        rule=reason.rule,
        rows=reason.rows,
        expected=_expected(reason, rule, columns, values),
        next=_NEXT.get(reason.verdict, _WENT_ON).format(rows=rows),
        row=row,
        found=value,
    )


def _masked(line: ReasonLine, plain: Collection[str], seen: Collection[str]) -> ReasonLine:
    """The line without its sample where that may speak of a person and nobody asked to see it."""
    if line.found is None or set(line.column.split(", ")) <= set(plain):
        return line
    if line.column in seen:
        return replace(line, unmasked=True)
    return replace(line, found=None, masked=True)


def _expected(reason: ReasonCount, rule: Rule | None, columns: Mapping[str, Column], values: Mapping[str, str]) -> str:
    if rule is None:
        return ""
    if rule.kind is RuleKind.TYPE:
        return f"a {kind_of(columns[reason.column])}" if reason.column in columns else ""
    return expected(rule, values)


def _values(platform: Platform, one: Delivery) -> dict[str, str]:
    """The parameters that stood for a delivery, by name."""
    known = platform.ledger.parameters(one.flow or "")
    return {version.name: version.value for version in known if one.parameters.get(version.name) == version.number}


def _sample(samples: Sequence[KeptRow], reason: ReasonCount) -> tuple[int, str | None]:
    """Row and value of the first sample with this reason; row 0 for none."""
    for sample in samples:
        for found in sample.reasons:
            if found["code"] == reason.code and found["rule"] == reason.rule and _is_at(found["column"], reason.column):
                return sample.row, found["value"]
    return 0, None


def _is_at(found: str, column: str) -> bool:
    """`items[3].quantity` is at `items[].quantity`: a sample names the element, a count does not."""
    return found == column or _ELEMENT.sub("[]", found) == column

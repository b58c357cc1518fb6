"""The section that says how much of a run can be trusted: balance, picture, reasons beside their usual shares."""

from __future__ import annotations

from collections.abc import Sequence

from headgate.core.reasons import Verdict
from headgate.serve import report_numbers as numbers
from headgate.serve.report_balance import draw_balance
from headgate.serve.report_facts import ReasonFacts, RunFacts
from headgate.serve.report_markup import Markup, element, join
from headgate.serve.report_parts import Head, more, section, subtitle, table
from headgate.serve.report_standard import is_unusual

REASONS_SHOWN = 12

_ORDER = (Verdict.HELD, Verdict.REJECTED, Verdict.DUPLICATE, Verdict.ACCEPTED)


def trust_section(facts: RunFacts) -> Markup:
    """How much of it can be trusted."""
    picture = draw_balance(facts.balance, facts.noun)
    return section(
        "trust",
        "How much of it can be trusted",
        subtitle(balance_line(facts)),
        element("div", picture, class_="drawn") if picture else "",
        *_reasons(facts),
        *_warnings(facts),
    )


def balance_line(facts: RunFacts) -> str:
    """52,310 received = 51,204 published + 846 held + 173 rejected + 87 duplicate."""
    balance = facts.balance
    parts = (
        (balance.published, "published"),
        (balance.held, "held"),
        (balance.rejected, "rejected"),
        (balance.duplicate, "duplicate"),
    )
    return f"{numbers.fixed(balance.received)} received = " + " + ".join(
        f"{numbers.fixed(count)} {word}" for count, word in parts
    )


def in_order(reasons: Sequence[ReasonFacts]) -> tuple[ReasonFacts, ...]:
    """By verdict, then the most rows first, then by code and column."""
    return tuple(sorted(reasons, key=_place))


def _place(reason: ReasonFacts) -> tuple[int, int, str, str]:
    verdict = _ORDER.index(reason.verdict) if reason.verdict else len(_ORDER)
    return (verdict, -reason.rows, reason.code, reason.column)


def _reasons(facts: RunFacts) -> list[Markup]:
    title = element("h3", "What was held or rejected, and why")
    if not facts.reasons:
        nothing = "Nothing was held or rejected." if facts.balance.received else "No row came, so none was checked."
        return [title, element("p", nothing)]
    reasons = in_order(facts.reasons)
    shown = reasons[:REASONS_SHOWN]
    heads = [
        Head(text="Reason"),
        Head(text="Verdict"),
        Head(text="Column"),
        Head(text="Rows", right=True),
        Head(text="Share", right=True),
        Head(text="Usual share", right=True),
    ]
    rows = [_row(reason, facts) for reason in shown]
    return [
        title,
        table(heads, rows, label="Reasons", wide=True),
        more(len(shown), len(reasons), "reasons"),
        subtitle(_reasons_line(facts)),
    ]


def _row(reason: ReasonFacts, facts: RunFacts) -> tuple[str, ...]:
    strong = is_unusual(reason, facts.balance.received)

    def cell(text: str) -> str:
        return element("b", text) if strong else text

    usual = numbers.DASH if reason.usual_share is None else numbers.percent(reason.usual_share, 2)
    code = element("code", reason.code)
    name = join(cell(reason.description.strip().rstrip(".")), " ", code) if reason.description else code
    return (
        name,
        reason.verdict.value if reason.verdict else "warning",
        element("code", reason.column) if reason.column else numbers.DASH,
        cell(numbers.fixed(reason.rows)),
        cell(numbers.percent(reason.share, 2)),
        usual,
    )


def _reasons_line(facts: RunFacts) -> str:
    given = sum(reason.rows for reason in facts.reasons)
    duplicates = any(reason.verdict is Verdict.DUPLICATE for reason in facts.reasons)
    rows = facts.balance.held + facts.balance.rejected + (facts.balance.duplicate if duplicates else 0)
    known = any(reason.usual_share is not None for reason in facts.reasons)
    usual = "Usual: share in the last 30 days." if known else "No usual share is known yet."
    marked = (
        " In bold: well above the usual."
        if any(is_unusual(each, facts.balance.received) for each in facts.reasons)
        else ""
    )
    return f"{_count(given, 'reason')} on {_count(rows, 'row')}. {usual}{marked}"


def _warnings(facts: RunFacts) -> list[Markup]:
    if not facts.warnings:
        return []
    warnings = in_order(facts.warnings)
    shown = warnings[:REASONS_SHOWN]
    heads = [
        Head(text="Warning"),
        Head(text="Column"),
        Head(text="Rows", right=True),
        Head(text="Share", right=True),
        Head(text="Usual share", right=True),
    ]
    rows = [(cells[0], *cells[2:]) for cells in (_row(warning, facts) for warning in shown)]
    return [
        element("h3", "What was only warned about"),
        subtitle("These rows went on; they are in every figure below."),
        table(heads, rows, label="Warnings", wide=True),
        more(len(shown), len(warnings), "warnings"),
    ]


def _count(number: int, noun: str) -> str:
    return f"{numbers.fixed(number)} {noun if number == 1 else noun + 's'}"

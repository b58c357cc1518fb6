"""What every report can say from the facts of its run alone, with no SQL: headline, balance, what needs attention."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from headgate.core.reasons import Verdict
from headgate.core.states import DeliveryState
from headgate.serve.report_facts import ReasonFacts, RunFacts
from headgate.serve.report_formats import Value
from headgate.serve.report_sentence import Words, fill, read_template

ATTENTION_FACTOR = Decimal("1.5")
ATTENTION_DEVIATIONS = 4
ATTENTION_ROWS = 10
"""A reason needs attention from ten rows on, at one and a half times its usual share, where chance alone (counts
spread like a Poisson variable, standard deviation = square root of the expected count) does not explain it."""


def fact_values(facts: RunFacts) -> dict[str, Value]:
    """The facts that a sentence may name, by name."""
    balance = facts.balance
    first = unusual_reason(facts)
    return {
        "title": facts.flow_title,
        "now": facts.ended,
        "run_start": facts.started,
        "received": balance.received,
        "published": balance.published,
        "held": balance.held,
        "rejected": balance.rejected,
        "duplicate": balance.duplicate,
        "acceptance": balance.acceptance,
        "threshold": facts.threshold,
        "delivery_count": len(facts.deliveries),
        "held_whole": len(facts.held_whole()),
        "failed": sum(delivery.state is DeliveryState.FAILED for delivery in facts.deliveries),
        "noun": facts.noun.for_count(balance.received),
        "noun_published": facts.noun.for_count(balance.published),
        "reason": _sentence_part(first) if first else None,
        "reason_rows": first.rows if first else None,
        "reason_share": first.share if first else None,
        "reason_usual": first.usual_share if first else None,
    }


def sql_values(facts: RunFacts) -> dict[str, object]:
    """The same facts as SQL parameters: times without zone, in UTC, so that no session setting moves them."""
    values = fact_values(facts)
    bound = {
        name: value.replace(tzinfo=None) if isinstance(value, datetime) else value
        for name, value in values.items()
        if not name.startswith(("reason", "noun", "title"))
    }
    return {**bound, "deliveries": [delivery.id for delivery in facts.deliveries]}


def unusual_reason(facts: RunFacts) -> ReasonFacts | None:
    """The reason farthest above its usual share, or None where all are as usual."""
    above = [reason for reason in facts.reasons if is_unusual(reason, facts.balance.received)]
    return max(above, key=lambda reason: (_deviations(reason, facts.balance.received), reason.code), default=None)


def is_unusual(reason: ReasonFacts, received: int) -> bool:
    """True where the share is well above the usual and chance does not explain it."""
    usual = reason.usual_share
    if usual is None or reason.verdict is Verdict.DUPLICATE or reason.rows < ATTENTION_ROWS:
        return False
    return reason.share >= usual * ATTENTION_FACTOR and _deviations(reason, received) >= ATTENTION_DEVIATIONS


def headline(facts: RunFacts) -> Words:
    """The finding in one line."""
    if facts.balance.received == 0:
        return _say("{title}: nothing was received", facts)
    if facts.balance.published == 0:
        waits = ", {held:count} {held:plural row waits|rows wait} for a person" if facts.balance.held else ""
        return _say("{title}: nothing is published" + waits, facts)
    done = "{title}: {published:count} {noun_published} published, "
    if facts.balance.held == 0:
        return _say(done + "nothing waits for a person", facts)
    return _say(done + "{held:count} {held:plural row waits|rows wait} for a person", facts)


def balance_sentence(facts: RunFacts) -> Words | None:
    """What came and how much of it is published."""
    if not facts.deliveries:
        return _say("No file came in this run.", facts)
    brought = "{delivery_count:Words} {delivery_count:plural file|files} brought "
    if facts.balance.received == 0:
        return _say(brought + "no {noun}.", facts)
    share = (
        " ({acceptance:percent}; the threshold is {threshold:percent_exact})"
        if facts.balance.acceptance is not None
        else ""
    )
    count = (
        "none is published" if facts.balance.published == 0 else "{published:count} {published:plural is|are} published"
    )
    return _say(f"{brought}**{{received:count}} {{noun}}**; **{count}**{share}.", facts)


def held_sentence(facts: RunFacts) -> Words | None:
    """How many deliveries are held as a whole; None where none is."""
    if not facts.held_whole():
        return None
    return _say(
        "**{held_whole:Words} {held_whole:plural file is|files are} held as a whole** and not in any figure.", facts
    )


def failed_sentence(facts: RunFacts) -> Words | None:
    """How many files stopped with an error; None where none did."""
    if not any(delivery.state is DeliveryState.FAILED for delivery in facts.deliveries):
        return None
    return _say("**{failed:Words} {failed:plural file|files} failed** and {failed:plural counts|count} nowhere.", facts)


def attention_sentence(facts: RunFacts) -> Words | None:
    """The reason that is well above its usual share; None where all is as usual."""
    if unusual_reason(facts) is None:
        return None
    return _say(
        "One thing needs attention: **{reason}** in {reason_rows:count} {reason_rows:plural row|rows}, "
        "{reason_share:percent2} of all; usual are {reason_usual:percent2}.",
        facts,
    )


STANDARD: dict[str, Callable[[RunFacts], Words | None]] = {
    "headline": headline,
    "balance": balance_sentence,
    "failed": failed_sentence,
    "held": held_sentence,
    "attention": attention_sentence,
}
"""Sentences that report.yaml takes over with `use: NAME`."""


def _say(source: str, facts: RunFacts) -> Words:
    words = fill(read_template(source), fact_values(facts), "")
    assert words is not None, source
    return words


def _sentence_part(reason: ReasonFacts) -> str:
    """A rule's description without its full stop, to stand inside a sentence."""
    return (reason.description or reason.code).strip().rstrip(".")


def _deviations(reason: ReasonFacts, received: int) -> Decimal:
    """How many standard deviations the rows lie above what the usual share lets expect."""
    expected = max(Decimal(1), (reason.usual_share or Decimal(0)) * received)
    return (reason.rows - expected) / expected.sqrt()

"""What an alert says, for every kind in one place: what is wrong, and the next step. From ids and figures alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from headgate.core.alerts import Alert, AlertKind, Condition
from headgate.core.cases import CaseKind
from headgate.serve.delivery_words import going_on
from headgate.serve.report_numbers import fixed, percent, percent_exact

MORE = "more"
"""Subject of the one alert for all that come after the first ones of a kind."""

BY_VOTES = "by_votes"
"""Fact of a delivery that is held as a whole: whether accounts decide on it."""

_UNITS = (("day", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_SIZES = (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An alert in words."""

    heading: str
    what: str
    next: str
    grave: bool = True  # something stopped; else it waits


def tell(one: Alert | Condition) -> Told:
    """The words of an alert."""
    told = _WORDS[one.kind](one, one.facts)
    return msgspec.structs.replace(told, heading=f"{one.flow or _OF_NO_FLOW[one.kind]}: {told.heading}")


def span(seconds: float) -> str:
    """How long, in its two largest units.

    >>> span(8_280), span(90_000), span(59.4), span(0)
    ('2 h 18 min', '1 day 1 h', '59 s', '0 s')
    """
    left = int(seconds)
    for place, (unit, of) in enumerate(_UNITS):
        if left >= of:
            told = _count(left // of, unit)
            rest = left % of // _UNITS[place + 1][1] if place + 1 < len(_UNITS) else 0
            return f"{told} {_count(rest, _UNITS[place + 1][0])}" if rest else told
    return "0 s"


def _count(count: int, unit: str) -> str:
    return f"{fixed(count)} {unit}{'s' if unit == 'day' and count != 1 else ''}"


def _size(size_bytes: int) -> str:
    """In the units of the setting."""
    unit, of = next((one for one in _SIZES if size_bytes >= one[1]), _SIZES[-1])
    return f"{fixed(size_bytes / of, 1)} {unit}"


def _deliveries(count: int) -> str:
    return f"{fixed(count)} more {'delivery' if count == 1 else 'deliveries'}"


def _since(facts: Mapping[str, Any], name: str) -> str:
    return f"{datetime.fromisoformat(facts[name]):%d %b %Y, %H:%M} UTC"


def _failed(one: Alert | Condition, facts: Mapping[str, Any]) -> Told:
    if one.subject == MORE:
        return Told(
            heading=f"{_deliveries(facts['deliveries'])} failed",
            what="They stand behind those that were told one by one. Nothing is lost; their bytes are kept.",
            next="see them with `headgate status`, put right what they have in common, then `headgate retry` each.",
        )
    tries = facts["tries"]
    return Told(
        heading="a delivery failed",
        what=f"Delivery {one.subject} stopped after {_tries(tries)}. Nothing is lost; its bytes are kept.",
        next=f"see why with `headgate show {one.subject}`, put that right, then `headgate retry {one.subject}`.",
    )


def _tries(tries: int) -> str:
    return "1 try" if tries == 1 else f"{fixed(tries)} tries"


def _held(one: Alert | Condition, facts: Mapping[str, Any]) -> Told:
    if one.subject == MORE:
        return Told(
            heading=f"{_deliveries(facts['deliveries'])} held",
            what="They are held as a whole, and stand behind those that were told one by one.",
            next="see what they have in common with `headgate status`, then decide on each.",
            grave=False,
        )
    command = going_on(one.subject, accounts_decide=facts.get(BY_VOTES, False))
    following = f"decide on it (`{command}`), or ask its sender for a new version."
    if "accepted" in facts:
        accepted, threshold = Decimal(facts["accepted"]), Decimal(facts["threshold"])
        return Told(
            heading="below the threshold",
            what=f"{percent(accepted)} of delivery {one.subject} was accepted; the flow asks for "
            f"{percent_exact(threshold)}. The whole delivery is held.",
            next=following,
            grave=False,
        )
    return Told(
        heading="a delivery is held",
        what=f"Delivery {one.subject} is held as a whole: {', '.join(facts['reasons']) or 'by its flow'}.",
        next=following,
        grave=False,
    )


def _slow(one: Alert | Condition, facts: Mapping[str, Any]) -> Told:
    if one.subject == MORE:
        return Told(
            heading=f"{_deliveries(facts['deliveries'])} under way for too long",
            what=f"They landed more than {span(facts['limit_s'])} ago, and stand behind those told one by one.",
            next="see whether anything works with `headgate status`, then `headgate run`.",
            grave=False,
        )
    return Told(
        heading="a delivery takes too long",
        what=f"Delivery {one.subject} is under way since {_since(facts, 'since')} and is {facts['state']}; "
        f"the limit is {span(facts['limit_s'])}.",
        next="see whether anything works with `headgate status`, then `headgate run` or `headgate serve`.",
        grave=False,
    )


def _backlog(_: Alert | Condition, facts: Mapping[str, Any]) -> Told:
    return Told(
        heading="too many deliveries wait",
        what=f"{fixed(facts['deliveries'])} deliveries are under way; the limit is {fixed(facts['limit'])}.",
        next="see what holds them up with `headgate status`; more workers do more (`headgate run --workers N`).",
        grave=False,
    )


def _overdue(one: Alert | Condition, facts: Mapping[str, Any]) -> Told:
    if one.subject == MORE:
        cases = facts["cases"]
        return Told(
            heading=f"{fixed(cases)} more {'review is' if cases == 1 else 'reviews are'} overdue",
            what="They stand behind those that were told one by one.",
            next=f"see what they have in common with `headgate cases list --flow {one.flow}`, then decide on all with "
            "the same reason at once.",
            grave=False,
        )
    if "due" not in facts:  # told before there were cases
        return Told(
            heading="review is overdue",
            what=f"{_held_rows(facts['rows'])}, the oldest since {_since(facts, 'since')}.",
            next="see what waits with `headgate cases list`.",
            grave=False,
        )
    if facts["of"] == CaseKind.CHANGE:
        return Told(
            heading="review is overdue",
            what=f"Nobody decided case {one.subject}, a change of the rules of flow {one.flow}, within "
            f"{span(facts['limit_s'])}; it was due at {_since(facts, 'due')}. The rules stay as they are.",
            next=f"look at it with `headgate cases show {one.subject}`, then agree or undo.",
            grave=False,
        )
    held = _held_rows(facts["rows"]) if facts["of"] == CaseKind.ROWS else "It is held as a whole"
    return Told(
        heading="review is overdue",
        what=f"Nobody decided case {one.subject} of delivery {facts['delivery']} within {span(facts['limit_s'])}; it "
        f"was due at {_since(facts, 'due')}. {held}.",
        next=f"look at it with `headgate cases show {one.subject}` and decide, or ask its sender there.",
        grave=False,
    )


def _held_rows(rows: int) -> str:
    return f"{fixed(rows)} {'row is' if rows == 1 else 'rows are'} held"


def _absent(_: Alert | Condition, facts: Mapping[str, Any]) -> Told:
    came = f"The last delivery came at {_since(facts, 'since')}" if facts["came"] else "No delivery ever came"
    contact = f" ({facts['support']})" if facts.get("support") else ""
    return Told(
        heading="nothing came",
        what=f"{came}; the contract promises one every {span(facts['limit_s'])}.",
        next=f"look whether files wait where they are sent to, then ask the sender{contact}.",
    )


def _storage(_: Alert | Condition, facts: Mapping[str, Any]) -> Told:
    used, quota = facts["used_bytes"], facts["quota_bytes"]
    return Told(
        heading="storage is used up" if used >= quota else "storage is nearly used up",
        what=f"The project's folder has {_size(used)}; the quota is {_size(quota)}.",
        next="move old reports and uploads away, or raise `storage_quota` in [alerts] of headgate.toml.",
        grave=used >= quota,
    )


def _audit(_: Alert | Condition, facts: Mapping[str, Any]) -> Told:
    more = f" and {fixed(facts['findings'] - 1)} more" if facts["findings"] > 1 else ""
    return Told(
        heading="the log is broken",
        what=f"The log does not prove what it says: {facts['fault']}{more}, {fixed(facts['events'])} events read.",
        next="change nothing, keep a copy of ledger and anchor, then `headgate audit verify` tells where it is.",
    )


def _stopped(one: Alert | Condition, _: Mapping[str, Any]) -> Told:
    return Told(
        heading="the flow is stopped",
        what="A table of the flow, or of one that it reads, does not stand where the ledger says. "
        "Deliveries are landed and checked, and wait.",
        next=f"see which with `headgate doctor`, then `headgate doctor --repair {one.flow}`.",
    )


_WORDS: dict[AlertKind, Callable[[Alert | Condition, Mapping[str, Any]], Told]] = {
    AlertKind.FAILED: _failed,
    AlertKind.HELD: _held,
    AlertKind.SLOW: _slow,
    AlertKind.BACKLOG: _backlog,
    AlertKind.OVERDUE: _overdue,
    AlertKind.ABSENT: _absent,
    AlertKind.STORAGE: _storage,
    AlertKind.AUDIT: _audit,
    AlertKind.STOPPED: _stopped,
}
_OF_NO_FLOW = dict.fromkeys(AlertKind, "no flow") | {AlertKind.STORAGE: "project", AlertKind.AUDIT: "project"}

"""From the queue to the receivers: each notice at least once, under an id that stays the same."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum

import msgspec

from headgate.alerts.desk import Desk
from headgate.alerts.telling import Telling, read_telling
from headgate.core.errors import HeadgateError, LeaseLostError, ReceiverRefusedError
from headgate.core.queue import MOST_DELIVERIES, Leased

_log = logging.getLogger(__name__)

AT_ONCE = 4  # so many receivers must hang before others wait
LEASE_S = 90.0  # longer than any receiver may take
FIRST_WAIT_S = 10.0  # tripled with each try, up to
LONGEST_WAIT_S = 3_600.0
MOST_FAULT = 500


class Outcome(StrEnum):
    """What became of one try."""

    DELIVERED = "delivered"
    LATER = "later"
    GIVEN_UP = "given up"


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """What became of what waited."""

    delivered: int = 0
    later: int = 0
    given_up: int = 0


def send_waiting(desk: Desk) -> Sent:
    """Deliver what waits, some at a time, until nothing does that may be tried now."""
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="alerts") as pool:
        sent = list(pool.map(lambda _: send_in_turn(desk), range(AT_ONCE)))
    return Sent(
        delivered=sum(one.delivered for one in sent),
        later=sum(one.later for one in sent),
        given_up=sum(one.given_up for one in sent),
    )


def send_in_turn(desk: Desk, *, stopped: Callable[[], bool] = lambda: False) -> Sent:
    """Deliver one after the other until none may be tried now. What a receiver does never raises here."""
    outcomes: list[Outcome] = []
    while not stopped() and (leased := desk.queue.lease(most=1, ttl_s=LEASE_S)):
        outcomes += [_try(desk, one) for one in leased]
    return Sent(
        delivered=outcomes.count(Outcome.DELIVERED),
        later=outcomes.count(Outcome.LATER),
        given_up=outcomes.count(Outcome.GIVEN_UP),
    )


def _try(desk: Desk, leased: Leased) -> Outcome:
    try:
        return _deliver(desk, leased)
    except LeaseLostError:
        return Outcome.LATER  # it took too long, and another one has it


def _deliver(desk: Desk, leased: Leased) -> Outcome:
    try:
        telling = read_telling(leased.body)
    except ValueError as error:
        return _give_up(desk, leased, "unreadable", str(error))
    deliver = desk.receivers.get(receiver_of(telling))
    if deliver is None:
        told = f"There is no receiver {receiver_of(telling)!r} in [alerts] any more."
        return _give_up(desk, leased, "no_receiver", told)
    try:
        deliver(telling)
    except ReceiverRefusedError as error:
        return _give_up(desk, leased, "refused", str(error))
    except HeadgateError as error:
        return _later(desk, leased, str(error))
    except Exception as error:  # noqa: BLE001  the edge: whatever it is, the other receivers hear of theirs
        _log.exception("a receiver failed in a way that is not foreseen", extra={"action": "alert"})
        return _later(desk, leased, type(error).__name__)
    desk.alerts.note_delivered(leased.id, at=desk.clock())
    desk.queue.complete(leased)
    return Outcome.DELIVERED


def receiver_of(telling: Telling) -> str:
    """The receiver's name, which its id ends with."""
    return telling.id.split(".", 2)[-1]


def wait_s(deliveries: int, chance: float) -> float:
    """How long the next try waits after so many; `chance` from 0 to 1 spreads those that failed together.

    >>> [round(wait_s(deliveries, 1.0)) for deliveries in (1, 2, 3, 9)], round(wait_s(1, 0.0))
    ([10, 30, 90, 3600], 5)
    """
    longest = min(FIRST_WAIT_S * 3.0 ** (deliveries - 1), LONGEST_WAIT_S)
    return longest * (0.5 + chance / 2)


def _later(desk: Desk, leased: Leased, told: str) -> Outcome:
    if leased.deliveries >= MOST_DELIVERIES:
        return _give_up(desk, leased, "not_reached", told)
    _log.warning("a notice waits", extra={"action": "alert", "notice": leased.id, "error": told})
    desk.queue.abandon(leased, delay_s=wait_s(leased.deliveries, desk.random()))
    return Outcome.LATER


def _give_up(desk: Desk, leased: Leased, reason: str, told: str) -> Outcome:
    desk.alerts.note_failed(leased.id, fault=told[:MOST_FAULT], at=desk.clock())
    desk.queue.dead_letter(leased, reason=reason, description=told[:MOST_FAULT])
    _log.error("a notice was given up", extra={"action": "alert", "notice": leased.id, "reason": reason})
    return Outcome.GIVEN_UP

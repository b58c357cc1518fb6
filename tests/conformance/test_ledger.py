"""What every Ledger does with deliveries and leases, shown on each implementation."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.conformance.ledger_records import arrival, held_lease, leaves, moved, one, taken

from headgate.adapters.sqlite_ledger import SqliteLedger
from headgate.core.errors import (
    BalanceError,
    HeadgateError,
    LeaseLostError,
    NotFoundError,
)
from headgate.core.ports import DeliveryFilter, Ledger
from headgate.core.records import (
    Counts,
    Elapsed,
    Move,
    ReasonCount,
)
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState as State


class LedgerContract:
    """Inherit and give the fixture `ledger`: a new, empty one for each test."""

    # registration
    def test_registers_in_the_order_given(self, ledger: Ledger, at: datetime) -> None:
        entered = ledger.register([arrival("b"), arrival("a"), arrival("c", flow=None)], run="r-1", at=at)
        assert [delivery.landing_number for delivery in entered] == [1, 2, 3]
        assert [delivery.state for delivery in entered] == [State.LANDED, State.LANDED, State.UNMATCHED]
        assert ledger.deliveries(DeliveryFilter()) == entered
        assert [(leaf["type"], leaf["delivery"]) for leaf in leaves(ledger)][:2] == [
            ("registered", entered[0].id),
            ("landed", entered[0].id),
        ]
        assert all(len(delivery.id) == 18 and delivery.id.startswith("d-") for delivery in entered)

    def test_an_id_depends_on_flow_and_content_alone(self, ledger: Ledger, at: datetime) -> None:
        first, other = ledger.register([arrival("a"), arrival("a", flow="retail", name="z")], run="r-1", at=at)
        assert (
            first.id
            == "d-"
            + hashlib.sha256(b'["sales","file","' + hashlib.sha256(b"a").hexdigest().encode() + b'"]').hexdigest()[:16]
        )
        assert other.state is State.LANDED
        assert other.id != first.id

    def test_a_twin_is_refused_once_for_each_name(self, ledger: Ledger, at: datetime) -> None:
        (first,) = ledger.register([arrival("a")], run="r-1", at=at)
        twins = ledger.register([arrival("a"), arrival("a", name="other"), arrival("a")], run="r-2", at=at)
        assert [twin.state for twin in twins] == [State.REFUSED] * 3
        assert twins[0] == twins[2] != twins[1]
        assert first.id in twins[0].note
        size = ledger.log_size()
        assert ledger.register([arrival("a"), arrival("a", name="other")], run="r-3", at=at) == twins[:2]
        assert ledger.log_size() == size
        (following,) = ledger.register([arrival("b")], run="r-4", at=at)
        assert following.landing_number == 4

    def test_a_twin_of_a_failed_one_is_told_to_retry(self, ledger: Ledger, at: datetime) -> None:
        (first,) = ledger.register([arrival("a")], run="r-1", at=at)
        ledger.advance(moved([first], State.FAILED), at=at)
        (twin,) = ledger.register([arrival("a")], run="r-2", at=at)
        assert f"headgate retry {first.id}" in twin.note
        (again,) = ledger.register([replace(arrival("a"), as_new=True)], run="r-3", at=at)
        assert (again.state, again.id not in {first.id, twin.id}) == (State.LANDED, True)
        (third,) = ledger.register([arrival("a", name="third")], run="r-4", at=at)
        assert again.id in third.note

    def test_what_was_refused_at_the_door_was_not_taken(self, ledger: Ledger, at: datetime) -> None:
        unknown = replace(arrival("a"), refused=("unknown_format", "No format that we read."))
        (refused,) = ledger.register([unknown], run="r-1", at=at)
        assert (refused.state, refused.note) == (State.REFUSED, "No format that we read.")
        assert ledger.register([unknown], run="r-2", at=at) == [refused]
        (read_now,) = ledger.register([arrival("a")], run="r-3", at=at)
        assert read_now.state is State.LANDED

    def test_what_was_refused_when_it_was_read_is_let_in_again(self, ledger: Ledger, at: datetime) -> None:
        (first,) = ledger.register([arrival("a")], run="r-1", at=at)
        unreadable = replace(first, state=State.REFUSED, facts={"refused": "malformed"})
        ledger.advance([Move(after=unreadable)], at=at)
        (again,) = ledger.register([arrival("a")], run="r-2", at=at)
        assert (again.state, again.landing_number) == (State.LANDED, 2)
        assert again.id != first.id
        (twin,) = ledger.register([arrival("a", name="other")], run="r-3", at=at)
        assert twin.state is State.REFUSED
        assert again.id in twin.note

    def test_no_leaf_holds_a_name(self, ledger: Ledger, at: datetime) -> None:
        ledger.register([arrival("a", name="jane.doe.json")] * 2, run="r-1", at=at)
        assert not any(b"jane" in leaf for leaf in ledger.leaves())

    # finding
    def test_finds_by_each_condition(self, ledger: Ledger, at: datetime) -> None:
        a, b, c = ledger.register([arrival("a"), arrival("b", flow="retail"), arrival("c")], run="r-1", at=at)

        def ids(which: DeliveryFilter) -> list[str]:
            return [delivery.id for delivery in ledger.deliveries(which)]

        assert ids(DeliveryFilter(ids=(c.id, a.id))) == [a.id, c.id]
        assert ids(DeliveryFilter(ids=())) == []
        assert ids(DeliveryFilter(flow="sales")) == [a.id, c.id]
        assert ids(DeliveryFilter(flow="sales", newest_first=True, limit=1)) == [c.id]
        assert ids(DeliveryFilter(states=(State.HELD,))) == []
        assert ids(DeliveryFilter(name="b.json", sender="shop", run="r-1", states=(State.LANDED,))) == [b.id]
        assert ids(DeliveryFilter(sha256=c.sha256)) == [c.id]
        assert ids(DeliveryFilter(id_prefix=c.id[:10])) == [c.id]
        assert ids(DeliveryFilter(ids=tuple(f"d-{n:016x}" for n in range(30_000)))) == []

    def test_finds_what_is_held_for_a_reason_alone(self, ledger: Ledger, at: datetime) -> None:
        entered = ledger.register([arrival(name) for name in "abc"], run="r-1", at=at)
        for delivery, codes in zip(entered, [("x",), ("x", "y"), ()], strict=True):
            ledger.advance([Move(after=replace(delivery, state=State.CHECKED, held_for=codes))], at=at)

        def ids(*codes: str) -> list[str]:
            return [delivery.id for delivery in ledger.deliveries(DeliveryFilter(held_for=codes))]

        assert (ids("x"), ids("x", "y"), ids("y")) == ([entered[0].id], [entered[1].id], [])
        assert ids() == [entered[2].id]

    def test_tallies_deliveries_by_flow_and_state(self, ledger: Ledger, at: datetime) -> None:
        assert ledger.tally() == {}
        entered = ledger.register([arrival("a"), arrival("b"), arrival("c", flow=None)], run="r-1", at=at)
        ledger.advance(moved(entered[:1], State.CHECKED), at=at)
        assert ledger.tally() == {
            ("sales", State.CHECKED): 1,
            ("sales", State.LANDED): 1,
            (None, State.UNMATCHED): 1,
        }

    def test_sums_what_each_rule_caught(self, ledger: Ledger, at: datetime) -> None:
        assert ledger.caught("sales", at.date()) == []
        limit = ReasonCount(verdict="held", code="limit", column="items[].price", rule="r", rows=3)
        warned = ReasonCount(verdict="accepted", code="odd", column="", rule="w", rows=5)
        entered = ledger.register([arrival("a"), arrival("b"), arrival("c"), arrival("d", flow="x")], run="r", at=at)
        told = [(limit,), (limit, warned), (limit,), (limit,)]
        for delivery, reasons in zip(entered, told, strict=True):
            after = replace(delivery, state=State.CHECKED, counts=Counts(received=5, accepted=5), reasons=reasons)
            ledger.advance([Move(after=after)], at=at)
        ledger.advance(moved([one(ledger, entered[2].id)], State.FAILED), at=at)
        assert ledger.caught("sales", at.date()) == [replace(limit, rows=6), warned]
        assert ledger.caught("sales", at.date() + timedelta(days=1)) == []

    def test_tells_how_long_deliveries_took(self, ledger: Ledger, at: datetime) -> None:
        entered = ledger.register([arrival("a"), arrival("b"), arrival("c")], run="r-1", at=at)
        counted = [replace(each, counts=Counts(received=1, accepted=1)) for each in entered]
        counted[1] = replace(counted[1], released="looked at it")
        ledger.advance(moved(counted, State.CHECKED), at=at)
        ledger.advance(moved(counted[:2], State.PUBLISHING), at=at)
        ledger.advance(moved(counted[:2], State.PUBLISHED), at=at + timedelta(seconds=4.5))
        took = Elapsed(flow="sales", day=at.date(), delivery=entered[0].id, seconds=4.5)
        assert ledger.elapsed(at.date()) == [took]
        assert ledger.elapsed(at.date() + timedelta(days=1)) == []

    def test_a_delivery_comes_back_as_it_was_written(self, ledger: Ledger, at: datetime) -> None:
        (landed,) = ledger.register([arrival("a")], run="r-1", at=at)
        after = replace(
            landed,
            state=State.CHECKED,
            counts=Counts(received=9, accepted=4, held=3, rejected=2, warned=1),
            reasons=(ReasonCount(verdict="held", code="limit", column="items[].price", rule="r", rows=3),),
            held_for=("drift",),
            released="looked at it",
            note="näher ansehen",
            contract="c" * 64,
            parameters={"limit": 2},
            facts={"tasks": ["one", {"two": 2}], "ratio": 0.5},
            tries=2,
        )
        ledger.advance([Move(after=after, fields={"why": "x"}, event="examined")], at=at)
        assert one(ledger, landed.id) == after
        assert leaves(ledger)[-1] == {
            "at": "2026-03-01T09:30:00.000000Z",
            "delivery": landed.id,
            "fields": {"why": "x"},
            "flow": "sales",
            "type": "examined",
        }

    # states
    def test_all_moves_or_none(self, ledger: Ledger, at: datetime) -> None:
        a, b = ledger.register([arrival("a"), arrival("b")], run="r-1", at=at)
        size = ledger.log_size()
        with pytest.raises(HeadgateError, match=f"{b.id} is landed, and may not become archived"):
            ledger.advance([*moved([a], State.CHECKED), *moved([b], State.ARCHIVED)], at=at)
        with pytest.raises(BalanceError, match=a.id):
            ledger.advance([Move(after=replace(a, state=State.CHECKED, counts=Counts(received=1)))], at=at)
        with pytest.raises(NotFoundError, match="d-0000"):
            ledger.advance(moved([a, replace(b, id="d-0000")], State.CHECKED), at=at)
        assert one(ledger, a.id).state is State.LANDED
        assert ledger.log_size() == size

    # leases
    def test_claims_one_flow_in_order_up_to_the_limits(self, ledger: Ledger, at: datetime) -> None:
        sizes = [("a", "x", 40), ("b", "y", 1), ("c", "x", 50), ("d", "x", 20), ("e", "x", 500), ("f", "x", 1)]
        entered = ledger.register(
            [arrival(name, flow=flow, size_bytes=size) for name, flow, size in sizes], run="r-1", at=at
        )
        claims = []
        while claim := ledger.claim("w", max_deliveries=3, max_bytes=100, ttl_s=60):
            claims.append([delivery.name[0] for delivery in claim.deliveries])
            assert all(delivery in entered for delivery in claim.deliveries)
        assert claims == [["a", "c"], ["b"], ["d"], ["e"], ["f"]]

    def test_a_claim_ends_with_the_state(self, ledger: Ledger, at: datetime) -> None:
        ledger.register([arrival(name) for name in "abc"], run="r-1", at=at)
        claim = taken(ledger)
        ledger.advance(moved(claim.deliveries[:1], State.CHECKED), at=at, fence=claim.fence)
        ledger.advance(moved([replace(claim.deliveries[0], state=State.LANDED)], State.LANDED), at=at)
        again = taken(ledger, "other")
        assert [delivery.name for delivery in again.deliveries] == ["a.json"]
        ledger.advance(moved(claim.deliveries[1:], State.CHECKED), at=at, fence=claim.fence)

    def test_a_lost_lease_cannot_write(self, ledger: Ledger, at: datetime) -> None:
        ledger.register([arrival("a")], run="r-1", at=at)
        lost = taken(ledger, "slow", ttl_s=0.01)
        time.sleep(0.03)
        claim = taken(ledger, "quick")
        assert claim.deliveries == lost.deliveries
        assert claim.fence.number > lost.fence.number
        size = ledger.log_size()
        with pytest.raises(LeaseLostError, match="slow"):
            ledger.advance(moved(lost.deliveries, State.FAILED), at=at, fence=lost.fence)
        with pytest.raises(LeaseLostError, match="claim:sales/1-1"):
            ledger.renew(lost.fence, ttl_s=60)
        ledger.release(lost.fence)
        assert ledger.log_size() == size
        ledger.advance(moved(claim.deliveries, State.CHECKED), at=at, fence=claim.fence)

    def test_an_expired_lease_that_nobody_took_can_be_renewed(self, ledger: Ledger) -> None:
        fence = held_lease(ledger, ttl_s=0.01)
        time.sleep(0.03)
        ledger.renew(fence, ttl_s=60)
        assert ledger.acquire("flow:sales", "other", ttl_s=60) is None

    def test_fencing_numbers_only_grow(self, ledger: Ledger) -> None:
        first = held_lease(ledger)
        assert ledger.acquire("flow:sales", "other", ttl_s=60) is None
        own = held_lease(ledger)
        with pytest.raises(LeaseLostError):
            ledger.renew(first, ttl_s=60)
        ledger.release(own)
        other = held_lease(ledger, "other")
        assert first.number < own.number < other.number

    def test_the_leases_of_a_dead_owner_are_free(self, ledger: Ledger, at: datetime) -> None:
        ledger.register([arrival("a")], run="r-1", at=at)
        dead = taken(ledger, "dead")
        held_lease(ledger, "dead")
        kept = ledger.acquire("flow:retail", "alive", ttl_s=60)
        assert ledger.release_owner("dead") == 2
        assert ledger.release_owner("dead") == 0
        assert taken(ledger, "alive").deliveries == dead.deliveries
        assert kept is not None
        ledger.renew(kept, ttl_s=60)

    def test_a_released_claim_is_open_to_others(self, ledger: Ledger, at: datetime) -> None:
        ledger.register([arrival("a")], run="r-1", at=at)
        claim = taken(ledger)
        assert ledger.claim("other", max_deliveries=1, max_bytes=1, ttl_s=60) is None
        ledger.release(claim.fence)
        assert taken(ledger, "other").deliveries == claim.deliveries


class TestSqliteFile(LedgerContract):
    @pytest.fixture
    def ledger(self, tmp_path: Path) -> Iterator[Ledger]:
        opened = SqliteLedger(f"sqlite:///{tmp_path}/ledger.db")
        yield opened
        opened.close()


class TestSqliteMemory(LedgerContract):
    @pytest.fixture
    def ledger(self) -> Iterator[Ledger]:
        opened = SqliteLedger("sqlite://")
        yield opened
        opened.close()

"""Each kind of alert in a real project: it begins when that goes wrong, and ends when it is put right."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import NoReturn

import pytest
from tests.harness.project import all_deliveries, arrived, make_sales, run_files
from tests.integration.alerts.conftest import Alerting, Clock

from headgate import operations, pipeline
from headgate.alerts.checking import Seldom, folder_bytes
from headgate.alerts.conditions import ONE_BY_ONE
from headgate.alerts.settings import AlertSettings
from headgate.archive.anchoring import anchor
from headgate.core.alerts import Alert, AlertKind
from headgate.core.cases import CaseFilter, Comment
from headgate.core.errors import TransientError
from headgate.core.platform import Platform
from headgate.core.records import Arrival, Event, Move
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState
from headgate.serve.audit import verify_project
from headgate.serve.key_files import keys_of

Make = Callable[[AlertSettings], Alerting]


@pytest.fixture
def usual(alerting: Make, platform: Platform) -> Alerting:
    anchor(platform)
    return alerting(AlertSettings())


def bring(platform: Platform, folder: Path, *, defects: float = 0.0, seed: int = 5, files: int = 1) -> None:
    made = make_sales(
        folder / f"in-{seed}", count=60, seed=seed, files=files, defects=defects, first_number=seed * 1000
    )
    run_files(platform, made.files)


def land(platform: Platform, count: int, state: DeliveryState = DeliveryState.LANDED) -> list[str]:
    """Deliveries that nobody works on, as the ledger has them."""
    arrivals = [
        Arrival(flow="sales", name=f"{n}", origin="o", sender="s", sha256=f"{n:064x}", size_bytes=1, form={})
        for n in range(count)
    ]
    entered = platform.ledger.register(arrivals, run="r", at=platform.clock())
    if state is not DeliveryState.LANDED:
        moves = [Move(after=replace(one, state=state, tries=4)) for one in entered]
        platform.ledger.advance(moves, at=platform.clock())
    return [one.id for one in entered]


def test_all_is_well(usual: Alerting, platform: Platform, folder: Path) -> None:
    bring(platform, folder)
    looked = usual.look()
    assert (looked.changes, dict(looked.unknown), usual.standing()) == ((), {}, [])


def test_a_delivery_that_is_held_and_released(usual: Alerting, platform: Platform, folder: Path) -> None:
    bring(platform, folder, defects=0.3)
    (one,) = all_deliveries(platform)
    usual.look()
    assert usual.standing() == [f"sales/held/{one.id}"]
    facts = usual.facts()
    assert facts["threshold"] == "0.95"
    assert 0 < float(str(facts["accepted"])) < 0.95
    operations.release(platform, one, reason="seen")
    pipeline.work(platform)
    usual.look()
    assert usual.standing() == []


def test_a_delivery_that_fails_and_is_tried_again(usual: Alerting, platform: Platform) -> None:
    (id_,) = land(platform, 1, DeliveryState.FAILED)
    usual.look()
    assert usual.standing() == [f"sales/failed/{id_}"]
    assert usual.facts() == {"tries": 4}
    (one,) = all_deliveries(platform)
    platform.ledger.advance([Move(after=replace(one, state=DeliveryState.LANDED), event="retry")], at=platform.clock())
    usual.look()
    assert usual.standing() == []


def test_a_bad_day_is_no_flood(usual: Alerting, platform: Platform) -> None:
    ids = land(platform, ONE_BY_ONE + 5, DeliveryState.FAILED)
    usual.look()
    alone = {f"sales/failed/{id_}" for id_ in ids[:ONE_BY_ONE]}
    assert set(usual.standing()) == alone | {"sales/failed/more"}
    (more,) = (one for one in usual.desk.alerts.standing() if one.subject == "more")
    assert more.facts == {"deliveries": 5}


def test_a_delivery_that_is_slow(alerting: Make, platform: Platform, clock: Clock) -> None:
    anchor(platform)
    under = alerting(AlertSettings(slow_after_s=600))
    flow = platform.flows["sales"]
    platform.flows["sales"] = replace(flow, contract=replace(flow.contract, freshness=()))  # type: ignore[index]
    (id_,) = land(platform, 1)
    landed = clock.now
    clock.pass_(seconds=599)
    under.look()
    assert under.standing() == []
    clock.pass_(seconds=2)
    under.look()
    assert under.standing() == [f"sales/slow/{id_}"]
    facts = under.facts()
    assert datetime.fromisoformat(str(facts["since"])) == landed
    assert (facts["state"], facts["limit_s"]) == ("landed", 600)
    (one,) = all_deliveries(platform)
    platform.ledger.advance([Move(after=replace(one, state=DeliveryState.FAILED))], at=clock())
    (one,) = all_deliveries(platform)
    platform.ledger.advance([Move(after=replace(one, state=DeliveryState.LANDED), event="retry")], at=clock())
    under.look()
    assert under.standing() == [], "tried again just now, though it landed long ago"


def test_the_contract_says_what_slow_is(usual: Alerting, platform: Platform, clock: Clock) -> None:
    limit_s = min(float(level.limit_s) for level in platform.flows["sales"].contract.freshness)
    land(platform, 1)
    clock.pass_(seconds=limit_s + 1)
    usual.look()
    (slow,) = (one for one in usual.desk.alerts.standing() if one.kind is AlertKind.SLOW)
    assert slow.facts["limit_s"] == limit_s


def test_a_backlog(alerting: Make, platform: Platform) -> None:
    anchor(platform)
    under = alerting(AlertSettings(backlog=3))
    land(platform, 3)
    under.look()
    assert under.standing() == []
    platform.ledger.register(
        [Arrival(flow="sales", name="x", origin="o", sender="s", sha256="f" * 64, size_bytes=1, form={})],
        run="r",
        at=platform.clock(),
    )
    under.look()
    assert under.standing() == ["sales/backlog"]
    assert under.facts() == {"deliveries": 4, "limit": 3}


def overdue(under: Alerting) -> list[Alert]:
    return [one for one in under.desk.alerts.standing() if one.kind is AlertKind.OVERDUE]


def test_a_review_that_is_overdue(alerting: Make, platform: Platform, folder: Path, clock: Clock) -> None:
    flow = platform.flows["sales"]
    platform.flows["sales"] = replace(flow, review=replace(flow.review, within_s=3600))  # type: ignore[index]
    bring(platform, folder, defects=0.04)
    under = alerting(AlertSettings(review_within_s=60))
    cases = {case.id: case for case in under.cases.cases(CaseFilter())}
    assert cases
    clock.pass_(minutes=59)
    under.look()
    assert not overdue(under), "the flow's own time goes before that of the settings"
    clock.pass_(minutes=2)
    under.look()
    found = {one.subject: one.facts for one in overdue(under)}
    assert {id_: (case.left, case.delivery) for id_, case in cases.items()} == {
        id_: (facts["rows"], facts["delivery"]) for id_, facts in found.items()
    }
    assert {facts["limit_s"] for facts in found.values()} == {3600}
    assert {facts["due"] for facts in found.values()} == {
        case.due_at.isoformat() for case in cases.values() if case.due_at
    }


def test_a_review_that_the_flow_gives_no_time_has_that_of_the_settings(
    alerting: Make, platform: Platform, folder: Path, clock: Clock
) -> None:
    flow = platform.flows["sales"]
    platform.flows["sales"] = replace(flow, review=replace(flow.review, within_s=None))  # type: ignore[index]
    bring(platform, folder, defects=0.04)
    under = alerting(AlertSettings(review_within_s=60))
    clock.pass_(seconds=59)
    under.look()
    assert not overdue(under)
    clock.pass_(seconds=2)
    under.look()
    assert {one.subject for one in overdue(under)} == {case.id for case in under.cases.cases(CaseFilter())}


def test_what_the_sender_is_asked_is_not_overdue_until_somebody_answers(
    alerting: Make, platform: Platform, folder: Path, clock: Clock
) -> None:
    bring(platform, folder, defects=0.04)
    under = alerting(AlertSettings())
    case, *_ = under.cases.cases(CaseFilter())
    clock.pass_(days=30)
    under.look()
    assert case.id in {one.subject for one in overdue(under)}
    say = Comment(case=case.id, number=0, account="a-1", at=clock(), text="which shop is this?", question=True)
    under.cases.comment(say)
    clock.pass_(minutes=1)
    under.look()
    assert case.id not in {one.subject for one in overdue(under)}
    under.cases.comment(replace(say, text="the one in the harbour", question=False, at=clock()))
    clock.pass_(minutes=1)
    under.look()
    assert case.id in {one.subject for one in overdue(under)}


def test_many_overdue_reviews_are_no_flood(alerting: Make, platform: Platform, folder: Path, clock: Clock) -> None:
    run_files(platform, make_sales(folder / "in", count=160, seed=3, files=32, defects=0.3).files)
    under = alerting(AlertSettings())
    waiting = len(under.cases.cases(CaseFilter()))
    assert waiting > ONE_BY_ONE
    clock.pass_(days=30)
    under.look()
    found = {one.subject: one for one in overdue(under)}
    assert len(found) == ONE_BY_ONE + 1
    assert found["more"].facts == {"cases": waiting - ONE_BY_ONE}


def test_nothing_came(usual: Alerting, platform: Platform, folder: Path, clock: Clock) -> None:
    flow = platform.flows["sales"]
    platform.flows["sales"] = replace(flow, contract=replace(flow.contract, frequency_s=Decimal(86_400)))  # type: ignore[index]
    clock.pass_(hours=23)
    usual.look()
    assert usual.standing() == []
    clock.pass_(hours=2)
    usual.look()
    assert usual.standing() == ["sales/nothing-came"]
    assert usual.facts()["came"] is False
    bring(platform, folder)
    usual.look()
    assert "sales/nothing-came" not in usual.standing()
    clock.pass_(hours=25)
    usual.look()
    (one,) = (one for one in usual.desk.alerts.standing() if one.kind is AlertKind.ABSENT)
    assert one.facts["came"] is True


def test_storage(alerting: Make, platform: Platform, folder: Path, clock: Clock) -> None:
    anchor(platform)
    under = alerting(AlertSettings(storage_quota_bytes=10 << 20))
    under.look()
    assert under.standing() == []
    (folder / "reports" / "large").write_bytes(b"x" * (9 << 20))
    under.look()
    assert under.standing() == [], "measured now and then only"
    clock.pass_(minutes=11)
    under.look()
    assert under.standing() == ["-/storage"]
    assert int(str(under.facts()["used_bytes"])) >= 9 << 20


def test_a_log_that_was_changed(usual: Alerting, platform: Platform, folder: Path, clock: Clock) -> None:
    bring(platform, folder)
    usual.look()
    assert usual.standing() == []
    with closing(sqlite3.connect(folder / "ledger.db")) as raw, raw:
        raw.execute("DROP TRIGGER events_no_update")
        raw.execute("UPDATE events SET leaf = replace(leaf, 'landed', 'LANDED') WHERE type = 'landed'")
    clock.pass_(hours=2)
    usual.look()
    assert "-/audit" in usual.standing()


def test_a_log_that_grows_while_it_is_verified(usual: Alerting, platform: Platform) -> None:
    class Notes(list[str]):
        """Checkpoints during whose reading something happens."""

        def __iter__(self) -> Iterator[str]:
            platform.ledger.append([Event(type="signed_in")], at=platform.clock())
            return super().__iter__()

    keys = keys_of(platform.secrets.public_keys())
    assert verify_project(platform, keys, notes=Notes(platform.anchor.notes())).ok
    usual.look()
    assert usual.standing() == []


def test_a_flow_that_is_stopped(usual: Alerting, platform: Platform, folder: Path, clock: Clock) -> None:
    bring(platform, folder)
    (log,) = [path for path in (folder / "lake").rglob("_delta_log") if "quarantine" not in str(path)][:1]
    newest = max(log.glob("*.json"))
    kept = newest.read_bytes()
    newest.unlink()
    usual.look()
    assert "sales/stopped" in usual.standing()
    newest.write_bytes(kept)
    clock.pass_(minutes=6)
    usual.look()
    assert "sales/stopped" not in usual.standing()


def test_what_cannot_be_looked_at_stays_as_it_is(usual: Alerting, platform: Platform) -> None:
    land(platform, 1, DeliveryState.FAILED)
    usual.look()
    standing = usual.standing()

    def fails() -> NoReturn:
        raise TransientError("the store does not answer")

    usual.checks = replace(usual.checks, stopped_flows=fails, log_faults=fails)
    looked = usual.look()
    assert usual.standing() == standing
    assert dict(looked.unknown) == {
        AlertKind.STOPPED: "the store does not answer",
        AlertKind.AUDIT: "the store does not answer",
    }


def test_no_two_look_at_a_time(usual: Alerting, platform: Platform) -> None:
    land(platform, 1, DeliveryState.FAILED)
    fence = platform.ledger.acquire("alerts", "another", ttl_s=60)
    assert fence is not None
    assert usual.look().elsewhere
    assert usual.standing() == []
    platform.ledger.release(fence)
    usual.look()
    assert len(usual.standing()) == 1


def test_events_and_notices_hold_no_name_of_a_file(usual: Alerting, platform: Platform, folder: Path) -> None:
    made = make_sales(folder / "in", count=60, seed=5, defects=0.3)
    named = made.files[0].with_name("sales_batch_20260101_000000.json")
    made.files[0].rename(named)
    pipeline.take_in(arrived([named]), platform, "r")
    pipeline.work(platform)
    before = platform.ledger.log_size()
    usual.look()
    leaves = b"".join(platform.ledger.leaves(before))
    facts = str(usual.facts())
    assert b"alert_opened" in leaves
    assert b"20260101" not in leaves
    assert "20260101" not in facts


def test_a_call_is_made_seldom(clock: Clock) -> None:
    made: list[int] = []

    def call() -> int:
        made.append(len(made))
        return made[-1]

    seldom = Seldom(call, every_s=60, clock=clock)
    assert (seldom(), seldom()) == (0, 0)
    clock.pass_(seconds=60)
    assert seldom() == 1


def test_bytes_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "x").write_bytes(b"123")
    (tmp_path / "a" / "b" / "y").write_bytes(b"4567")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert folder_bytes(tmp_path) == 7
    assert folder_bytes(tmp_path / "none") == 0

"""What every keeper of alerts must do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.ledger_records import arrival

from headgate.adapters.sqlite_alerts import SqliteAlerts
from headgate.adapters.sqlite_ledger import SqliteLedger
from headgate.core.alerts import (
    Alert,
    AlertKind,
    Alerts,
    Change,
    Condition,
    Notice,
    NoticeKind,
    Silence,
    new_alert,
)
from headgate.core.errors import LeaseLostError, NotFoundError
from headgate.core.ports import Ledger
from headgate.core.records import Fence
from headgate.core.replacing import replace

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
BACKLOG = new_alert(Condition(kind=AlertKind.BACKLOG, flow="sales", facts={"deliveries": 9}), at=AT)


def notice(alert: Alert, number: int = 1, receiver: str = "ops") -> Notice:
    return Notice(
        id=f"{alert.id}.{number}.{receiver}",
        alert=alert.id,
        receiver=receiver,
        kind=NoticeKind.OPENED,
        body="{}",
        made_at=AT + timedelta(seconds=number),
    )


def silence(id_: str, **fields: Any) -> Silence:  # noqa: ANN401  of the record
    given: dict[str, Any] = {"until": AT + timedelta(hours=1), "made_at": AT, "flow": "sales"}
    return Silence(id=id_, reason="a name", made_by="a-1", **(given | fields))


class AlertsContract:
    """Inherit, and give `alerts` and the `ledger` beside it."""

    @pytest.fixture
    def fence(self, ledger: Ledger) -> Fence:
        taken = ledger.acquire("alerts", "w", ttl_s=60)
        assert taken is not None
        return taken

    def write(self, alerts: Alerts, fence: Fence, *changes: Change) -> None:
        alerts.write(changes, at=AT, fence=fence)

    def events(self, ledger: Ledger) -> list[dict[str, Any]]:
        return [json.loads(leaf) for leaf in ledger.leaves()]

    def test_an_alert_from_its_beginning_to_its_end(self, alerts: Alerts, ledger: Ledger, fence: Fence) -> None:
        self.write(alerts, fence, Change(after=BACKLOG, event="alert_opened", notices=(notice(BACKLOG),)))
        assert alerts.standing() == [BACKLOG]
        told = replace(BACKLOG, told_at=AT, tellings=1, level=1, level_at=AT, facts={"deliveries": 10})
        self.write(alerts, fence, Change(after=told))
        assert (alerts.standing(), alerts.alert(BACKLOG.id), alerts.alert(BACKLOG.id[:5])) == ([told], told, told)
        over = replace(told, resolved_at=AT)
        self.write(alerts, fence, Change(after=over, event="alert_resolved"))
        assert (alerts.standing(), alerts.past(newest=5)) == ([], [over])
        assert [event["type"] for event in self.events(ledger)] == ["alert_opened", "alert_resolved"]

    def test_what_is_over_stays_over(self, alerts: Alerts, fence: Fence) -> None:
        over = replace(BACKLOG, resolved_at=AT)
        self.write(alerts, fence, Change(after=BACKLOG), Change(after=over))
        assert not alerts.acknowledge(BACKLOG.id, by="a-1", at=AT)
        with pytest.raises(Exception, match=r"(?i)unique"):
            self.write(alerts, fence, Change(after=BACKLOG))
        assert alerts.past(newest=1) == [over]

    def test_one_alert_of_a_key_at_a_time(self, alerts: Alerts, ledger: Ledger, fence: Fence) -> None:
        self.write(alerts, fence, Change(after=BACKLOG))
        with pytest.raises(Exception, match=r"(?i)unique"):
            self.write(alerts, fence, Change(after=replace(BACKLOG, id="al-2"), event="alert_opened"))
        assert (alerts.standing(), self.events(ledger)) == ([BACKLOG], [])

    def test_who_lost_the_lease_writes_nothing(self, alerts: Alerts, ledger: Ledger, fence: Fence) -> None:
        ledger.acquire("alerts", "w", ttl_s=60)  # taken anew: another number
        with pytest.raises(LeaseLostError):
            self.write(alerts, fence, Change(after=BACKLOG, event="alert_opened"))
        assert alerts.standing() == []

    def test_who_acknowledged_it_is_kept_through_a_look(self, alerts: Alerts, ledger: Ledger, fence: Fence) -> None:
        self.write(alerts, fence, Change(after=BACKLOG))
        assert alerts.acknowledge(BACKLOG.id, by="a-1", at=AT)
        assert not alerts.acknowledge(BACKLOG.id, by="a-2", at=AT)
        self.write(alerts, fence, Change(after=replace(BACKLOG, tellings=1)))  # decided before the acknowledgement
        (one,) = alerts.standing()
        assert (one.acknowledged_by, one.acknowledged_at, one.tellings) == ("a-1", AT, 1)
        (event,) = self.events(ledger)
        assert (event["type"], event["fields"]["by"], event["flow"]) == ("alert_acknowledged", "a-1", "sales")

    def test_events_hold_ids_and_name_the_delivery(self, alerts: Alerts, ledger: Ledger, fence: Fence) -> None:
        (delivery,) = ledger.register([arrival("one")], run="r", at=AT)
        before = ledger.log_size()
        about = Condition(kind=AlertKind.FAILED, flow=str(delivery.flow), subject=delivery.id, facts={"tries": 4})
        more = Condition(kind=AlertKind.FAILED, flow=str(delivery.flow), subject="more", facts={"deliveries": 4})
        project = new_alert(Condition(kind=AlertKind.AUDIT), at=AT)
        changes = [Change(after=new_alert(one, at=AT), event="alert_opened") for one in (about, more)]
        self.write(alerts, fence, *changes, Change(after=project, event="alert_opened"))
        first, second, third = self.events(ledger)[before:]
        assert (first["delivery"], first["flow"]) == (delivery.id, delivery.flow)
        assert first["fields"] == {"alert": changes[0].after.id, "kind": "failed", "told": 0}
        assert (second["delivery"], third["delivery"], third["flow"]) == (None, None, None)

    def test_silences_end_by_themselves_or_by_hand(self, alerts: Alerts, ledger: Ledger) -> None:
        first = silence("si-1", kind=AlertKind.FAILED)
        second = silence("si-2", until=AT + timedelta(hours=2), flow=None, key="sales/backlog")
        alerts.silence(second)
        alerts.silence(first)
        assert alerts.silences(at=AT) == [first, second]
        assert alerts.silences(at=first.until) == [second]
        assert alerts.end_silence("si-2", by="a-2", at=AT)
        assert not alerts.end_silence("si-2", by="a-2", at=AT)
        assert not alerts.end_silence("si-1", by="a-2", at=first.until)
        assert not alerts.end_silence("si-none", by="a-2", at=AT)
        assert alerts.silences(at=AT) == [first]
        leaves = self.events(ledger)
        assert [leaf["type"] for leaf in leaves] == ["alerts_silenced", "alerts_silenced", "silence_ended"]
        assert "a name" not in json.dumps(leaves)

    def test_notices_are_handed_over_once(self, alerts: Alerts, fence: Fence) -> None:
        notices = tuple(notice(BACKLOG, number) for number in range(1, 4))
        self.write(alerts, fence, Change(after=BACKLOG, notices=notices))
        assert alerts.unqueued(most=2) == list(notices[:2])
        alerts.note_queued([one.id for one in notices[:2]], at=AT)
        assert alerts.unqueued(most=2) == [notices[2]]
        assert [one.queued_at for one in alerts.notices(BACKLOG.id)] == [AT, AT, None]

    def test_what_became_of_a_notice(self, alerts: Alerts, ledger: Ledger, fence: Fence) -> None:
        one = notice(BACKLOG)
        self.write(alerts, fence, Change(after=BACKLOG, notices=(one,)))
        alerts.note_failed(one.id, fault="status 404", at=AT)
        assert alerts.notices(BACKLOG.id) == [replace(one, failed_at=AT, fault="status 404")]
        (event,) = self.events(ledger)
        assert (event["type"], event["fields"]["notice"]) == ("alert_undelivered", one.id)
        assert "404" not in json.dumps(event)
        alerts.note_delivered(one.id, at=AT)
        assert alerts.notices(BACKLOG.id) == [replace(one, delivered_at=AT)]
        alerts.note_failed("none", fault="", at=AT)
        assert len(self.events(ledger)) == 1

    @pytest.mark.parametrize("id_", ["", "al-", "al-zz", "x", "%"])
    def test_no_alert(self, alerts: Alerts, fence: Fence, id_: str) -> None:
        self.write(alerts, fence, Change(after=BACKLOG), Change(after=replace(BACKLOG, id="al-9", key="x")))
        with pytest.raises(NotFoundError, match="headgate alerts list"):
            alerts.alert(id_)


class TestSqlite(AlertsContract):
    @pytest.fixture
    def alerts(self, tmp_path: Path) -> Iterator[Alerts]:
        opened = SqliteAlerts(f"sqlite:///{tmp_path}/ledger.db")
        yield opened
        opened.close()

    @pytest.fixture
    def ledger(self, tmp_path: Path) -> Iterator[Ledger]:
        opened = SqliteLedger(f"sqlite:///{tmp_path}/ledger.db")
        yield opened
        opened.close()

"""Pages of alerts: what each role sees of them, and who may keep them from being told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import count

import pytest
from tests.integration.web.conftest import Web

from headgate.core.alerts import Alert, AlertKind, Change, Condition, Notice, NoticeKind, new_alert
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Role

OPERATOR = Grant(role=Role.OPERATOR)
MOMENTS = count(1)  # of alerts, whose ids have their moment in them


def write(web: Web, *changes: Change) -> None:
    desk, ledger = web.site.alerts, web.site.platform.ledger
    fence = ledger.acquire("alerts", "w", ttl_s=60)
    assert fence is not None
    desk.alerts.write(changes, at=desk.clock(), fence=fence)
    ledger.release(fence)


def alert(kind: AlertKind, flow: str, subject: str = "", *, at: datetime, **facts: object) -> Alert:
    return new_alert(Condition(kind=kind, flow=flow, subject=subject, facts=facts), at=at)


@pytest.fixture
def alerts(web: Web) -> Iterator[dict[str, Alert]]:
    """One of each flow and one of the project; they end with the test, since tests share the project."""
    web.clock.now += timedelta(microseconds=next(MOMENTS))
    at = web.clock()
    made = {
        "sales": alert(AlertKind.FAILED, "sales", "d-0000000000000001", at=at, tries=4),
        "retail": alert(AlertKind.BACKLOG, "retail", at=at, deliveries=2000, limit=1000),
        "project": alert(AlertKind.AUDIT, "", at=at, fault="tree_differs", findings=1, events=9),
    }
    notice = Notice(
        id=f"{made['sales'].id}.1.ops",
        alert=made["sales"].id,
        receiver="ops",
        kind=NoticeKind.OPENED,
        body="{}",
        made_at=at,
    )
    first = replace(made["sales"], told_at=at, tellings=1, level_at=at)
    write(web, Change(after=first, notices=(notice,)), *(Change(after=made[name]) for name in ("retail", "project")))
    yield made
    web.clock.now = at
    desk = web.site.alerts
    write(web, *(Change(after=replace(one, resolved_at=web.clock())) for one in desk.alerts.standing()))
    for silence in desk.alerts.silences(at=desk.clock()):
        desk.alerts.end_silence(silence.id, by="test", at=desk.clock())


def test_the_page_says_what_is_wrong_and_the_next_step(web: Web, alerts: dict[str, Alert]) -> None:
    client = web.signed_in(web.account(OPERATOR))
    page = client.get("/alerts").text
    assert "Three alerts are open." in page
    assert "sales: a delivery failed" in page
    assert "<code>headgate retry d-0000000000000001</code>" in page
    assert "Acknowledge 1 alert" in page
    one = client.get(f"/alerts/{alerts['sales'].id}").text
    assert "ops" in one
    assert "on its way" in one
    overview = client.get("/").text
    assert "project: the log is broken" in overview
    assert "3 open" in overview
    document = client.get("/api/alerts").json()
    assert {row["kind"] for row in document["alerts"] if row["state"] == "open"} == {"failed", "backlog", "audit"}


def test_who_sees_one_flow_sees_its_alerts_and_those_of_the_project(web: Web, alerts: dict[str, Alert]) -> None:
    client = web.signed_in(web.account(Grant(role=Role.ANALYST, flow="retail")))
    for page in (client.get("/alerts").text, client.get("/").text):
        assert "retail: too many deliveries wait" in page
        assert "project: the log is broken" in page
        assert "sales" not in page
    assert "Acknowledge 1 alert" not in client.get("/alerts").text
    assert client.get(f"/alerts/{alerts['sales'].id}").status_code == 404
    assert client.get(f"/alerts/{alerts['retail'].id}").status_code == 200
    assert client.get(f"/alerts/{alerts['retail'].id[:8]}").status_code == 404


def test_an_operator_acknowledges(web: Web, alerts: dict[str, Alert]) -> None:
    account = web.account(OPERATOR)
    client = web.signed_in(account)
    path = f"/alerts/{alerts['sales'].id}"
    for _ in range(2):  # a second click changes nothing
        assert client.post(f"{path}/acknowledge", data={"csrf": web.csrf(account)}).status_code == 303
    page = client.get("/alerts").text
    assert "Three alerts stand: two are open, one is acknowledged." in page
    assert f"Acknowledged by {account.name}" in client.get(path).text


def test_an_operator_of_one_flow_acts_in_that_flow(web: Web, alerts: dict[str, Alert]) -> None:
    account = web.account(Grant(role=Role.OPERATOR, flow="sales"), Grant(role=Role.ANALYST))
    client, csrf = web.signed_in(account), web.csrf(account)
    for name in ("retail", "project"):
        for act in ("acknowledge", "silence"):
            form = {"csrf": csrf, "reason": "x"}
            assert client.post(f"/alerts/{alerts[name].id}/{act}", data=form).status_code == 403, (name, act)
    for flow in ("", "retail"):
        form = {"csrf": csrf, "hours": "1", "reason": "x", "flow": flow, "kind": "failed"}
        assert client.post("/alerts/silences", data=form).status_code == 403
    assert client.post("/alerts/silences", data=form | {"flow": "sales"}).status_code == 303
    (made,) = web.site.alerts.alerts.silences(at=web.clock())
    assert (made.flow, made.kind, made.made_by) == ("sales", AlertKind.FAILED, account.id)
    other = web.account(Grant(role=Role.OPERATOR, flow="retail"))
    elsewhere = web.signed_in(other)
    assert elsewhere.post(f"/alerts/silences/{made.id}/end", data={"csrf": web.csrf(other)}).status_code == 403
    assert client.post(f"/alerts/silences/{made.id}/end", data={"csrf": csrf}).status_code == 303
    assert web.site.alerts.alerts.silences(at=web.clock()) == []
    assert client.post(f"/alerts/silences/{made.id}/end", data={"csrf": csrf}).status_code == 404


def test_a_silence_of_one_alert(web: Web, alerts: dict[str, Alert]) -> None:
    account = web.account(OPERATOR)
    client, csrf = web.signed_in(account), web.csrf(account)
    path = f"/alerts/{alerts['project'].id}"
    assert client.post(f"{path}/silence", data={"csrf": csrf, "hours": "4", "reason": " "}).status_code == 400
    for hours in ("0", "1000", "x"):
        assert client.post(f"{path}/silence", data={"csrf": csrf, "hours": hours, "reason": "r"}).status_code == 422
    reason = "<b>repair & co</b>"
    assert client.post(f"{path}/silence", data={"csrf": csrf, "hours": "4", "reason": reason}).status_code == 303
    page = client.get("/alerts").text
    assert "&lt;b&gt;repair &amp; co" in page
    assert "<b>repair" not in page
    assert "one is silenced" in page
    assert "The silence ends" in client.get(path).text
    web.clock.now += (web.site.alerts.alerts.silences(at=web.clock())[0].until - web.clock.now) * 2
    assert "silenced" not in client.get("/alerts").text.split(">Over<")[0].replace("Nothing is silenced", "")


@pytest.mark.parametrize("form", [{"kind": "odd", "flow": "sales"}, {"flow": "none", "kind": "failed"}, {}])
def test_a_silence_of_what_there_is_not(web: Web, form: dict[str, str]) -> None:
    account = web.account(OPERATOR)
    client = web.signed_in(account)
    answer = client.post("/alerts/silences", data={"csrf": web.csrf(account), "hours": "1", "reason": "r", **form})
    assert answer.status_code in {400, 404}
    assert web.site.alerts.alerts.silences(at=web.clock()) == []


def test_what_is_over_stands_below(web: Web, alerts: dict[str, Alert]) -> None:
    write(web, *(Change(after=replace(one, resolved_at=web.clock())) for one in alerts.values()))
    client = web.signed_in(web.account(OPERATOR))
    page = client.get("/alerts").text
    assert "Nothing is wrong." in page
    assert "retail: too many deliveries wait" in page.split(">Over<")[1]
    assert "It is over" in client.get(f"/alerts/{alerts['retail'].id}").text

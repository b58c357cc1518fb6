"""The log on the web: filtered, limited to one's flows, verified, and exported."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.integration.web.conftest import Web

from headgate.archive.anchoring import anchor
from headgate.core.roles import Grant, Role

AUDITOR = Grant(role=Role.AUDITOR)


def test_events_are_filtered_and_paged(web: Web) -> None:
    client = web.signed_in(web.account(AUDITOR))
    every = client.get("/api/events").json()
    assert [one["index"] for one in every["events"]] == sorted((one["index"] for one in every["events"]), reverse=True)
    landed = client.get("/api/events", params={"type": "landed"}).json()["events"]
    assert {one["type"] for one in landed} == {"landed"}
    of_one = client.get("/api/events", params={"delivery": landed[0]["delivery"]}).json()["events"]
    assert [one["type"] for one in reversed(of_one)][:3] == ["registered", "landed", "checked"]
    assert client.get("/api/events", params={"before": 1}).json()["next"] is None
    assert client.get("/api/events", params={"type": "'; DROP TABLE events; --"}).json()["events"] == []
    pages, before = 0, None
    seen: list[int] = []
    while pages == 0 or before is not None:
        page = client.get("/api/events", params={} if before is None else {"before": before}).json()
        seen += [one["index"] for one in page["events"]]
        before, pages = page["next"], pages + 1
    assert seen == list(range(seen[0], -1, -1))


def test_an_auditor_of_one_flow_sees_its_events_only(web: Web) -> None:
    account = web.account(Grant(role=Role.AUDITOR, flow="sales"))
    client = web.signed_in(account)
    assert {one["flow"] for one in client.get("/api/events").json()["events"]} == {"sales"}
    other = web.signed_in(web.account(Grant(role=Role.AUDITOR, flow="retail")))
    found = other.get("/api/events").json()["events"]
    assert {one["flow"] for one in found} <= {"retail"}
    for path in ("/audit/events.ndjson", "/audit/checkpoints.txt"):
        assert client.get(path).status_code == 403
    assert client.post("/audit/verify", data={"csrf": web.csrf(account)}).status_code == 403


def test_what_is_exported_is_the_log(web: Web) -> None:
    client = web.signed_in(web.account(AUDITOR))
    lines = client.get("/audit/events.ndjson").content.splitlines()
    assert lines == list(web.site.platform.ledger.leaves())
    anchor(web.site.platform)
    assert client.get("/audit/checkpoints.txt").text == "".join(
        f"{note}-----\n" for note in web.site.platform.anchor.notes()
    )


def test_a_log_that_was_changed_is_told(web: Web, landed: Path) -> None:
    account = web.account(AUDITOR)
    client = web.signed_in(account)
    anchor(web.site.platform)
    form = {"csrf": web.csrf(account)}
    assert "The log is whole" in client.post("/audit/verify", data=form).text
    with closing(sqlite3.connect(landed / "ledger.db", isolation_level=None)) as raw:
        (trigger,) = raw.execute("SELECT sql FROM sqlite_master WHERE name = 'events_no_update'").fetchone()
        (leaf,) = raw.execute("SELECT leaf FROM events WHERE position = 2").fetchone()
        raw.execute("DROP TRIGGER events_no_update")
        changed = json.loads(leaf) | {"type": "changed"}
        raw.execute("UPDATE events SET leaf = ? WHERE position = 2", (json.dumps(changed),))
        answer = client.post("/audit/verify", data=form)
        raw.execute("UPDATE events SET leaf = ? WHERE position = 2", (leaf,))
        raw.execute(trigger)
    assert "The log contradicts what was signed" in answer.text
    assert "The log is whole" in client.post("/audit/verify", data=form).text

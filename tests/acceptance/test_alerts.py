"""Alerts as somebody meets them on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.acceptance.conftest import SALES, Headgate, headgate_in
from tests.harness.alert_receivers import Hook, Mailbox, hook_server, mail_server


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hook_server() as server:
        yield server


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_server() as server:
        yield server


@pytest.fixture
def call(tmp_path: Path, hook: Hook, box: Mailbox) -> Headgate:
    """A project with a delivery below the threshold, and two receivers."""
    call = headgate_in(tmp_path)
    call("init", ".", "--name", "shop")
    with (tmp_path / "headgate.toml").open("a", encoding="utf-8") as settings:
        settings.write(f"""
[alerts]
url = "https://headgate.example.org"
[alerts.mail]
host = "127.0.0.1"
port = {box.port}
security = "none"
from = "headgate@example.org"
[alerts.receivers.ops]
kind = "email"
to = ["ops@example.org"]
[alerts.receivers.chat]
kind = "slack"
url = "{hook.url}/chat"
""")
    call(*SALES, "--count", 40, "--defects", 0.3, "--output", "incoming")
    call("run", *sorted(tmp_path.glob("incoming/sales*.json")))
    return call


def test_from_a_held_delivery_to_its_end(call: Headgate, hook: Hook, box: Mailbox) -> None:
    assert [row["ok"] for row in call("alerts", "test", "--json").document["receivers"]] == [True, True]
    assert call("alerts", "list").out == "Nothing is wrong.\n"
    looked = call("alerts", "check", "--fail-on-open", "--json", expect=3).document
    (one,) = looked["alerts"]
    assert (one["kind"], one["state"], looked["delivered"], looked["unknown"]) == ("held", "open", 2, {})
    assert one["next"].startswith("decide on it (`headgate release")
    assert call("alerts", "check", "--json").document["delivered"] == 0
    assert [document["text"] for document in hook.documents] == ["shop: this is a test", "sales: below the threshold"]
    assert box.mails[1]["Subject"] == "[shop] sales: below the threshold"

    assert "is acknowledged" in call("alerts", "ack", one["id"][:8]).out
    assert "somebody acknowledged it before" in call("alerts", "ack", one["id"]).out
    call("alerts", "check", "--fail-on-open")
    shown = call("alerts", "show", one["id"], "--json").document
    assert (shown["state"], shown["acknowledged_by"]) == ("acknowledged", "command")
    assert {notice["receiver"]: bool(notice["delivered_at"]) for notice in shown["notices"]} == {
        "ops": True,
        "chat": True,
    }
    assert "delivered" in call("alerts", "show", one["id"]).out

    call("release", one["subject"], "--reason", "seen")
    assert call("alerts", "check").out.startswith("Nothing is wrong.")
    assert hook.documents[-1]["text"] == "over: sales: below the threshold"
    assert "over" in call("alerts", "list", "--past", 3).out
    assert "all of them proven" in call("audit", "verify").out


def test_a_silence_begins_and_ends(call: Headgate, hook: Hook) -> None:
    made = call("alerts", "silence", "--flow", "sales", "--for", "2 h", "--reason", "known", "--json").document
    looked = call("alerts", "check", "--fail-on-open", "--json").document
    assert (looked["alerts"][0]["state"], looked["alerts"][0]["silenced_until"]) == ("silenced", made["until"])
    assert "silent until" in call("alerts", "list").out
    call("alerts", "unsilence", made["id"])
    call("alerts", "unsilence", made["id"], expect=2)
    assert call("alerts", "check", "--json").document["delivered"] == 2
    assert len(hook.bodies) == 1
    alert = looked["alerts"][0]["id"]
    assert call("alerts", "silence", alert, "--for", "1 day", "--reason", "known", "--json").document["key"]


def test_what_was_not_delivered_is_told_and_tried_anew(call: Headgate, hook: Hook) -> None:
    hook.answers = [404]
    assert call("alerts", "check", "--json").document["given_up"] == 1
    (dead,) = call("alerts", "undelivered", "--json").document["undelivered"]
    assert dead["reason"] == "refused"
    assert "answered 404" in call("alerts", "undelivered").out
    assert call("alerts", "undelivered", "--again", dead["number"]).out == "1 put back.\n"
    assert call("alerts", "check", "--json").document["delivered"] == 1
    assert "Every notice reached its receiver" in call("alerts", "undelivered").out
    assert "no dead letter" in call("alerts", "undelivered", "--again", dead["number"], expect=2).err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("show", "al-none"), "headgate alerts list"),
        (("ack", "d-1"), "no alert begins"),
        (("silence", "--for", "2 h", "--reason", "x"), "names an alert, a kind or a flow"),
        (("silence", "--flow", "sales", "--for", "soon", "--reason", "x"), "--for is 'soon'"),
        (("silence", "--flow", "sales", "--for", "2 h", "--reason", " "), "has a reason"),
        (("silence", "--flow", "sales", "--for", "100 days", "--reason", "x"), "within 90 days"),
        (("silence", "--kind", "fail", "--for", "2 h", "--reason", "x"), "Did you mean 'failed'"),
        (("test", "robot"), "no receiver 'robot'"),
    ],
)
def test_wrong_calls_say_the_next_step(ran: Path, arguments: tuple[str, ...], told: str) -> None:
    assert told in headgate_in(ran)("alerts", *arguments, expect=2).err


def test_receivers_that_do_not_take_the_test(call: Headgate, hook: Hook, box: Mailbox) -> None:
    hook.answers = [500]
    box.answer = lambda _address: "550 No such"
    rows = {row["receiver"]: row for row in call("alerts", "test", "--json", expect=1).document["receivers"]}
    assert rows["chat"]["fault"] == "127.0.0.1 answered 500."
    assert "for good (550)" in rows["ops"]["fault"]

"""From what is wrong to who is told: receivers that fail, hang and come back, a sender that is killed."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.harness.alert_receivers import Hook, Mailbox, free_port, hook_server, mail_server, soon
from tests.harness.project import all_deliveries
from tests.harness.queue_time import pass_time
from tests.integration.alerts.conftest import Alerting
from tests.integration.alerts.test_conditions import land

from headgate.alerts.looking import hand_over
from headgate.alerts.sending import Sent, send_waiting
from headgate.alerts.settings import AlertSettings, MailServer, Receiver, ReceiverKind, Security
from headgate.alerts.telling import Telling
from headgate.alerts.trying import try_receivers
from headgate.archive.anchoring import anchor
from headgate.core.errors import NotFoundError
from headgate.core.platform import Platform
from headgate.core.queue import MOST_DELIVERIES, Message, QueueCounts
from headgate.core.records import Move
from headgate.core.replacing import replace
from headgate.core.states import DeliveryState

Make = Callable[[AlertSettings], Alerting]
ROOT = Path(__file__).parents[3]


def to_hooks(**urls: str) -> AlertSettings:
    receivers = {name: Receiver(name=name, kind=ReceiverKind.JSON, url=url) for name, url in urls.items()}
    return AlertSettings(receivers=receivers, levels=(tuple(receivers),))


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hook_server() as server:
        yield server


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_server() as server:
        yield server


@pytest.fixture
def failed(platform: Platform) -> str:
    """A delivery that failed."""
    anchor(platform)
    (id_,) = land(platform, 1, DeliveryState.FAILED)
    return id_


def write_receivers(folder: Path, **urls: str) -> None:
    with (folder / "headgate.toml").open("a", encoding="utf-8") as settings:
        for name, url in urls.items():
            settings.write(f'[alerts.receivers.{name}]\nkind = "json"\nurl = "{url}"\n')


def put_right(platform: Platform, id_: str) -> None:
    (one,) = (one for one in all_deliveries(platform) if one.id == id_)
    platform.ledger.advance([Move(after=replace(one, state=DeliveryState.LANDED))], at=platform.clock())


def test_every_form_reaches_its_receiver(alerting: Make, failed: str, hook: Hook, box: Mailbox, folder: Path) -> None:
    (folder / "keys" / "hook.secret").write_text("a secret\n")
    (folder / "keys" / "chat.secret").write_text(f"{hook.url}/chat\n")
    for name in ("hook", "chat"):
        (folder / "keys" / f"{name}.secret").chmod(0o600)
    receivers = {
        "ops": Receiver(name="ops", kind=ReceiverKind.EMAIL, to=("ops@example.org",)),
        "teams": Receiver(name="teams", kind=ReceiverKind.TEAMS, url=f"{hook.url}/teams"),
        "chat": Receiver(name="chat", kind=ReceiverKind.SLACK, url_secret="chat"),  # noqa: S106  a name
        "robot": Receiver(name="robot", kind=ReceiverKind.JSON, url=f"{hook.url}/robot", secret="hook"),  # noqa: S106  a name
    }
    mail = MailServer(host="127.0.0.1", port=box.port, security=Security.NONE, sender="headgate@example.org")
    under = alerting(AlertSettings(receivers=receivers, levels=(tuple(receivers),), mail=mail))
    under.look()
    assert send_waiting(under.desk) == Sent(delivered=4)
    (one,) = under.desk.alerts.standing()
    bodies = dict(zip(hook.paths, hook.documents, strict=True))
    assert bodies["/teams"]["attachments"][0]["content"]["type"] == "AdaptiveCard"
    assert bodies["/chat"]["text"] == "sales: a delivery failed"
    assert bodies["/robot"]["subject"] == failed
    signed = hook.headers[hook.paths.index("/robot")]
    assert signed["webhook-signature"].startswith("v1,")
    assert signed["webhook-id"] == f"{one.id}.1.robot"
    assert box.mails[0]["Subject"] == "[proof] sales: a delivery failed"
    assert box.mails[0]["Message-ID"] == f"<{one.id}.1.ops@example.org>"
    assert all(notice.delivered_at for notice in under.desk.alerts.notices(one.id))
    assert under.desk.queue.counts() == QueueCounts()
    assert try_receivers(under.desk) == {"ops": None, "teams": None, "chat": None, "robot": None}
    assert hook.paths[3:] == ["/teams", "/chat", "/robot"]
    with pytest.raises(NotFoundError, match="Did you mean 'robot'"):
        try_receivers(under.desk, only="robo")


def test_told_once_and_once_when_it_is_over(alerting: Make, platform: Platform, failed: str, hook: Hook) -> None:
    under = alerting(to_hooks(hook=hook.url))
    for _ in range(3):
        under.look()
        send_waiting(under.desk)
    put_right(platform, failed)
    for _ in range(3):
        under.look()
        send_waiting(under.desk)
    assert [told["notice"] for told in hook.documents] == ["opened", "resolved"]
    types = [json.loads(leaf)["type"] for leaf in platform.ledger.leaves()]
    assert [type_ for type_ in types if type_.startswith("alert")] == ["alert_opened", "alert_resolved"]


def test_a_receiver_that_fails_is_tried_again_and_heard_in_order(
    alerting: Make, platform: Platform, failed: str, hook: Hook, folder: Path
) -> None:
    under = alerting(to_hooks(hook=hook.url))
    hook.answers = [503, "cut"]
    under.look()
    assert send_waiting(under.desk) == Sent(later=1)
    put_right(platform, failed)
    under.look()
    assert send_waiting(under.desk) == Sent(), "the end waits for the beginning"
    pass_time(folder / "ledger.db", 20)
    assert send_waiting(under.desk) == Sent(later=1)
    pass_time(folder / "ledger.db", 60)
    assert send_waiting(under.desk) == Sent(delivered=2)
    (one,) = under.desk.alerts.past(newest=1)
    opened, resolved = f"{one.id}.1.hook", f"{one.id}.2.hook"
    assert hook.taken() == [opened, opened, opened, resolved]


def test_who_is_never_reached_ends_as_a_dead_letter_and_is_tried_anew(
    alerting: Make, platform: Platform, failed: str, folder: Path
) -> None:
    del failed
    port = free_port()
    under = alerting(to_hooks(hook=f"http://127.0.0.1:{port}"))
    under.look()
    for number in range(MOST_DELIVERIES):
        sent = send_waiting(under.desk)
        assert sent == (Sent(given_up=1) if number == MOST_DELIVERIES - 1 else Sent(later=1)), number
        pass_time(folder / "ledger.db", 3600)
    (dead,) = under.desk.queue.dead_letters()
    assert (dead.reason, dead.deliveries) == ("not_reached", MOST_DELIVERIES)
    (one,) = under.desk.alerts.standing()
    (notice,) = under.desk.alerts.notices(one.id)
    assert notice.failed_at is not None
    assert "127.0.0.1" in notice.fault
    assert json.loads(list(platform.ledger.leaves())[-1])["type"] == "alert_undelivered"
    with hook_server(port=port) as hook:
        under.desk.queue.put_back(dead.number)
        assert send_waiting(under.desk) == Sent(delivered=1)
        assert hook.taken() == [dead.id]
    (notice,) = under.desk.alerts.notices(one.id)
    assert (notice.failed_at, notice.fault, notice.delivered_at is not None) == (None, "", True)


def test_who_refuses_for_good_is_not_asked_again(alerting: Make, failed: str, hook: Hook) -> None:
    del failed
    under = alerting(to_hooks(hook=hook.url))
    hook.answers = [404]
    under.look()
    assert send_waiting(under.desk) == Sent(given_up=1)
    (dead,) = under.desk.queue.dead_letters()
    assert (dead.reason, dead.deliveries) == ("refused", 1)
    assert "answered 404" in dead.description


def test_a_receiver_that_hangs_holds_up_no_other(alerting: Make, failed: str, hook: Hook) -> None:
    del failed
    with hook_server() as hangs:
        hangs.answers = ["hang"]
        under = alerting(to_hooks(hangs=hangs.url, hook=hook.url))
        write_receivers(under.folder, hangs=hangs.url, hook=hook.url)
        under.look()
        begun = time.monotonic()
        process = subprocess.Popen([sys.executable, "-c", SENDER, str(under.folder), "send"], cwd=ROOT)
        try:
            assert soon(lambda: bool(hook.bodies))
            assert time.monotonic() - begun < 8
        finally:
            process.kill()
            process.wait()


def test_a_receiver_that_is_gone_from_the_settings(alerting: Make, failed: str, hook: Hook) -> None:
    del failed
    alerting(to_hooks(old=hook.url)).look()
    now = alerting(AlertSettings())
    assert send_waiting(now.desk) == Sent(given_up=1)
    assert now.desk.queue.dead_letters()[0].reason == "no_receiver"


def test_what_no_one_can_read_is_laid_aside(alerting: Make, hook: Hook) -> None:
    under = alerting(to_hooks(hook=hook.url))
    under.desk.queue.send([Message(id="odd", body="{not json")])
    assert send_waiting(under.desk) == Sent(given_up=1)
    assert under.desk.queue.dead_letters()[0].reason == "unreadable"
    assert hook.bodies == []


def test_a_missing_secret_is_waited_for(alerting: Make, failed: str, hook: Hook, folder: Path) -> None:
    del failed
    signed = Receiver(name="hook", kind=ReceiverKind.JSON, url=hook.url, secret="later")  # noqa: S106  a name
    under = alerting(AlertSettings(receivers={"hook": signed}, levels=(("hook",),)))
    under.look()
    assert send_waiting(under.desk) == Sent(later=1)
    place = folder / "keys" / "later.secret"
    place.write_text("s")
    place.chmod(0o600)
    pass_time(folder / "ledger.db", 60)
    assert send_waiting(under.desk) == Sent(delivered=1)


def test_what_was_not_handed_over_is_handed_over_once(alerting: Make, failed: str, hook: Hook, folder: Path) -> None:
    """A kill between the queue, which took them, and the ledger, which was not told: the queue knows them by id."""
    del failed
    under = alerting(to_hooks(hook=hook.url))
    under.look()
    with closing(sqlite3.connect(folder / "ledger.db")) as raw, raw:
        raw.execute("UPDATE notices SET queued_at = NULL")
    assert hand_over(under.desk) == 1
    assert send_waiting(under.desk) == Sent(delivered=1)
    assert len(hook.bodies) == 1


SENDER = """
import os, signal, sys
from pathlib import Path
from headgate.alerts.sending import send_waiting
from headgate.core.queue import Leased
from headgate.project import load_flows
from headgate.settings import read_settings
from headgate.wiring import open_alerts, open_platform
settings = read_settings(Path(sys.argv[1]), {})
platform = open_platform(settings, {})
desk = open_alerts(settings, platform)
if sys.argv[2] == "die":
    def die(leased: Leased) -> None:
        os.kill(os.getpid(), signal.SIGKILL)
    desk.queue.complete = die
print(send_waiting(desk), flush=True)
"""


def test_a_sender_that_is_killed_between_sending_and_its_word(
    alerting: Make, failed: str, hook: Hook, folder: Path
) -> None:
    """The receiver has it, the queue does not know: it comes again, under the same id."""
    del failed
    write_receivers(folder, hook=hook.url)
    under = alerting(to_hooks(hook=hook.url))
    under.look()
    command = [sys.executable, "-c", SENDER, str(folder)]
    dead = subprocess.run([*command, "die"], cwd=ROOT, check=False, timeout=60)
    assert dead.returncode == -signal.SIGKILL
    assert len(hook.bodies) == 1
    alive = subprocess.run([*command, "live"], cwd=ROOT, check=True, timeout=60, capture_output=True, text=True)
    assert "delivered=0" in alive.stdout, "the lease of the dead one stands"
    pass_time(folder / "ledger.db", 120)
    alive = subprocess.run([*command, "live"], cwd=ROOT, check=True, timeout=60, capture_output=True, text=True)
    assert "delivered=1" in alive.stdout
    first, second = hook.taken()
    assert first == second
    assert hook.bodies[0] == hook.bodies[1]
    assert under.desk.queue.counts() == QueueCounts()


def test_a_receiver_that_fails_as_nobody_foresaw_holds_up_no_other(alerting: Make, failed: str, hook: Hook) -> None:
    del failed
    under = alerting(to_hooks(odd=f"http://127.0.0.1:{free_port()}", hook=hook.url))
    under.look()

    def odd(_: Telling) -> None:
        raise ZeroDivisionError

    receivers = {**under.desk.receivers, "odd": odd}
    assert send_waiting(replace(under.desk, receivers=receivers)) == Sent(delivered=1, later=1)


def test_two_processes_tell_it_once(alerting: Make, failed: str, hook: Hook, folder: Path) -> None:
    """Several `alerts check` at the same moment, beside each other."""
    del alerting, failed
    write_receivers(folder, hook=hook.url)
    command = [sys.executable, "-m", "headgate.cli.main", "alerts", "check", "--json", "--project", str(folder)]
    started = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    told = [json.loads(one.communicate(timeout=60)[0]) for one in started]
    assert [one.returncode for one in started] == [0] * 4
    assert sum(one["delivered"] for one in told) == len(hook.bodies)
    assert len(set(hook.taken())) == len(hook.taken())
    assert [body["kind"] for body in hook.documents].count("failed") == 1

"""Questions and mentions reach the receivers that are for the person: retried, under one id, without their words."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from tests.harness.alert_receivers import Hook, Mailbox, hook_server, mail_server
from tests.harness.project import make_sales, run_files
from tests.harness.queue_time import pass_time
from tests.integration.alerts.conftest import Alerting, Clock

from headgate.adapters.sqlite_accounts import SqliteAccounts
from headgate.adapters.sqlite_upload_links import SqliteUploadLinks
from headgate.alerts.people import tell_people
from headgate.alerts.sending import Sent, send_waiting
from headgate.alerts.settings import AlertSettings, MailServer, Receiver, ReceiverKind, Security
from headgate.core.addressees import To, Why
from headgate.core.cases import CaseFilter, Comment
from headgate.core.platform import Platform
from headgate.core.roles import Grant, Role
from headgate.deciding.senders import names_of
from headgate.people import People, add_account, set_disabled
from headgate.upload_links import WantedLink, make_upload_link

Make = Callable[[AlertSettings], Alerting]
WORDS = "which shop is this, <b>Marple</b>?"


class Told:
    """A project with a case, people, and receivers for them."""

    def __init__(self, under: Alerting, folder: Path, clock: Clock) -> None:
        url = f"sqlite:///{folder}/ledger.db"
        self.under, self.clock = under, clock
        self.people = People(accounts=SqliteAccounts(url), clock=clock, random=os.urandom)
        self.links = SqliteUploadLinks(url)
        self.anna = add_account(self.people, "anna", [Grant(role=Role.REVIEWER)], by="test")
        self.case = under.cases.cases(CaseFilter())[0]

    def close(self) -> None:
        self.people.accounts.close()
        self.links.close()

    def say(self, who: str, why: Why) -> None:
        said = Comment(
            case=self.case.id,
            number=0,
            account="a-1",
            at=self.clock(),
            text=WORDS,
            question=why is Why.ASKED,
        )
        self.under.cases.comment(said, to=[To(who=who, why=why)])

    def names(self, ids: Collection[str]) -> Mapping[str, Collection[str]]:
        return names_of(self.people.accounts, self.links, ids, at=self.clock())

    def tell(self) -> int:
        return tell_people(self.under.desk, self.under.cases, self.names)

    def events(self) -> list[dict[str, object]]:
        leaves = [json.loads(leaf) for leaf in self.under.platform.ledger.leaves()]
        return [leaf["fields"] for leaf in leaves if leaf["type"] == "told"]


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hook_server() as server:
        yield server


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mail_server() as server:
        yield server


@pytest.fixture
def told(alerting: Make, platform: Platform, folder: Path, clock: Clock, hook: Hook, box: Mailbox) -> Iterator[Told]:
    run_files(platform, make_sales(folder / "in", count=160, seed=3, defects=0.04).files)
    robot = partial(Receiver, kind=ReceiverKind.JSON, url=f"{hook.url}/robot")
    receivers = (
        robot(name="anna-hook", people=("anna",)),
        Receiver(name="anna-mail", kind=ReceiverKind.EMAIL, to=("anna@example.org",), people=("anna", "bert")),
        Receiver(name="harbour", kind=ReceiverKind.EMAIL, to=("shop@example.org",), people=("Harbour Stores",)),
        robot(name="ops"),
    )
    mail = MailServer(host="127.0.0.1", port=box.port, security=Security.NONE, sender="headgate@example.org")
    settings = AlertSettings(
        receivers={one.name: one for one in receivers}, levels=(("ops",),), mail=mail, url="https://lake.example.org"
    )
    made = Told(alerting(settings), folder, clock)
    yield made
    made.close()


def test_a_mention_reaches_the_receivers_of_the_account_once(told: Told, hook: Hook, box: Mailbox) -> None:
    told.say(told.anna.id, Why.MENTIONED)
    assert (told.tell(), told.tell()) == (2, 0)
    assert send_waiting(told.under.desk) == Sent(delivered=2)
    assert send_waiting(told.under.desk) == Sent()
    (document,) = hook.documents
    assert (document["notice"], document["subject"], document["alert"]) == ("mentioned", told.case.id, "")
    assert document["url"] == f"https://lake.example.org/cases/{told.case.id}#comments"
    (mail,) = box.mails
    text = mail.as_string()
    assert mail["Subject"] == "[proof] sales: you are mentioned"
    assert mail["To"] == "anna@example.org"
    for word in ("Marple", "anna@", "Acknowledge", "headgate alerts ack"):
        assert (word in text.replace("To: anna@example.org", "")) is False, word
    receivers = ["anna-hook", "anna-mail"]
    fields = {"case": told.case.id, "comment": 1, "to": told.anna.id, "why": "mentioned", "receivers": receivers}
    assert told.events() == [fields]


def test_a_kill_between_queue_and_note_tells_nobody_twice(told: Told, hook: Hook, folder: Path) -> None:
    told.say(told.anna.id, Why.MENTIONED)
    told.tell()
    send_waiting(told.under.desk)
    with closing(sqlite3.connect(folder / "ledger.db")) as raw, raw:
        raw.execute("UPDATE addressees SET told_at = NULL")
    assert told.tell() == 2
    assert send_waiting(told.under.desk) == Sent()
    assert len(hook.documents) == 1


def test_a_receiver_that_is_down_is_tried_again(told: Told, hook: Hook, folder: Path) -> None:
    hook.answers = [503]
    told.say(told.anna.id, Why.MENTIONED)
    told.tell()
    assert send_waiting(told.under.desk) == Sent(delivered=1, later=1)
    pass_time(folder / "ledger.db", 60)
    assert send_waiting(told.under.desk) == Sent(delivered=1)
    ids = [one["id"] for one in hook.documents]
    assert len(set(ids)) == 1


def test_an_account_and_a_link_that_are_asked(told: Told, platform: Platform, clock: Clock, box: Mailbox) -> None:
    wanted = WantedLink(
        flow="sales", label="Harbour Stores", length=timedelta(days=3), most_files=5, most_bytes=1 << 20
    )
    flows = list(platform.flows.values())
    accounts = told.people.accounts
    link, _ = make_upload_link(wanted, flows, told.links, accounts, clock=clock, random=os.urandom, by="test")
    told.say(link.id, Why.ASKED)
    assert told.tell() == 1
    told.say(told.anna.id, Why.ASKED)
    assert told.tell() == 2
    send_waiting(told.under.desk)
    by_receiver = {mail["To"]: mail.as_string() for mail in box.mails}
    shop, anna = by_receiver["shop@example.org"], by_receiver["anna@example.org"]
    assert "open your upload link" in shop
    assert "https://" not in shop
    assert "https://lake.example.org/upload" in anna
    for text in (shop, anna):
        assert told.case.id not in text
        assert str(told.case.delivery) not in text
        assert "Marple" not in text


def test_who_has_no_receiver_is_disabled_or_has_answered_is_not_told(told: Told, hook: Hook, box: Mailbox) -> None:
    bert = add_account(told.people, "bert", [Grant(role=Role.REVIEWER)], by="test")
    cyd = add_account(told.people, "cyd", [Grant(role=Role.REVIEWER)], by="test")
    set_disabled(told.people, bert, disabled=True, by="test")
    told.say(bert.id, Why.MENTIONED)
    told.say(cyd.id, Why.MENTIONED)
    told.say(told.anna.id, Why.ASKED)
    told.under.cases.answer(told.case.id, 3, who=told.anna.id, text="so", at=told.clock())
    assert told.tell() == 0
    send_waiting(told.under.desk)
    assert (hook.documents, box.mails, told.events()) == ([], [], [])
    assert [one.who for one in told.under.cases.addressed()] == [bert.id, cyd.id]

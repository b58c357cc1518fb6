"""People are told: senders are asked and answer once, on their own page and nowhere else; mentions wait to be seen."""

from __future__ import annotations

import html
import itertools
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.harness.project import make_sales
from tests.integration.web.conftest import Web
from tests.integration.web.test_upload_links import make, send

from headgate import pipeline
from headgate.core.accounts import Account
from headgate.core.addressees import MOST_ANSWER
from headgate.core.cases import Case, CaseFilter
from headgate.core.flow import Escalation, Flow, ReviewPolicy
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Delivery
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Permission, Role
from headgate.core.upload_links import UploadLink
from headgate.generate.defects import Defect
from headgate.people import change_grants, set_disabled
from headgate.tokens import make_token

HOSTILE = "<script>alert(1)</script> \u202eevil\x1b[31m & \"q\" 'x' {{ 7 * 7 }}"
SHOWN = "&lt;script&gt;alert(1)&lt;/script&gt;"


FIRST_NUMBERS = itertools.count(500_000, 1_000)


class Held:
    """A delivery with held rows, how it came, and people around its case."""

    def __init__(self, web: Web, folder: Path) -> None:
        self.web = web
        self.folder = folder
        self.reviewer = web.account(Grant(role=Role.REVIEWER))
        self.browser = web.signed_in(self.reviewer)

    def content(self) -> tuple[str, bytes]:
        """A file of sales of which rows are held, that no test sent before."""
        first = next(FIRST_NUMBERS)
        made = make_sales(
            self.folder / f"made-{first}",
            count=60,
            seed=first,
            defects=0.1,
            kinds=frozenset({Defect.TOTAL_MISMATCH}),
            first_number=first,
        )
        (file,) = made.files
        return file.name, file.read_bytes()

    def by_account(self, account: Account, client: TestClient) -> Case:
        """Sent with the form of the page."""
        name, content = self.content()
        form = {"csrf": self.web.csrf(account)}
        assert client.post("/upload", data=form, files=[("file", (name, content))]).status_code == 303
        return self.worked(account.name)

    def by_link(self, secret: str, label: str = "Harbour Stores") -> Case:
        """Sent by tus."""
        name, content = self.content()
        send(self.web.client(), secret, content, name)
        return self.worked(label)

    def worked(self, sender: str) -> Case:
        """The newest open case of what that sender sent."""
        platform = self.web.site.platform
        pipeline.work(platform)
        delivery = [one for one in all_of(self.web) if one.sender == sender][-1]
        return self.web.site.desk.cases.cases(CaseFilter(delivery=delivery.id))[0]

    def ask(self, case: Case, text: str = "Which shop is this?") -> str:
        """The case's page after the question."""
        form = {"csrf": self.web.csrf(self.reviewer), "text": text, "question": "1"}
        assert self.browser.post(f"/cases/{case.id}/comments", data=form).status_code == 303
        return self.browser.get(f"/cases/{case.id}").text

    def again(self, case: Case) -> Case:
        """The case as it stands now."""
        return self.web.site.desk.cases.cases(CaseFilter(ids=(case.id,), state=None))[0]

    def said(self, case: Case) -> list[tuple[str, str]]:
        """Account and text of each comment."""
        return [(one.account, one.text) for one in self.web.site.desk.cases.comments(case.id)]


def all_of(web: Web) -> list[Delivery]:
    return web.site.platform.ledger.deliveries(DeliveryFilter())


def question_on(text: str) -> str:
    """What the one answer form of a page names."""
    (found,) = re.findall(r'name="question" value="([0-9a-f]{16})"', text)
    return str(found)


def uploader(web: Web) -> tuple[Account, TestClient]:
    account = web.account(Grant(role=Role.UPLOADER, flow="sales"))
    return account, web.signed_in(account)


def answered(web: Web, account: Account, client: TestClient, question: str, text: str) -> Any:  # noqa: ANN401
    return client.post("/answers", data={"csrf": web.csrf(account), "question": question, "text": text})


@pytest.fixture
def held(web: Web, tmp_path: Path) -> Held:
    return Held(web, tmp_path)


# ── An account that is asked ─────────────────────────────────────────────────────────────────────────────────────────
def test_an_account_is_asked_on_its_page_and_answers_once(web: Web, held: Held) -> None:
    account, client = uploader(web)
    case = held.by_account(account, client)
    assert 'name="question"' not in client.get("/upload").text
    page = held.ask(case, f"Which shop? {HOSTILE}")
    assert f"“Send files” of {account.name}" in page
    shown = client.get("/upload").text
    assert SHOWN in shown
    assert "\u202e" not in shown
    assert "\x1b" not in shown
    assert "A question waits for you" in shown
    assert "a question about this file waits for you" in shown
    question = question_on(shown)
    assert case.id not in shown
    assert held.reviewer.name not in shown
    assert answered(web, account, client, question, f"The harbour shop. {HOSTILE}").status_code == 303
    assert 'name="question"' not in client.get("/upload").text
    assert not held.again(case).asked
    assert held.said(case)[1] == (account.id, f"The harbour shop. {HOSTILE}".strip())
    again = answered(web, account, client, question, "Something else.")
    assert again.status_code == 409
    assert "answered already" in again.text
    assert len(held.said(case)) == 2
    after = held.browser.get(f"/cases/{case.id}").text
    assert f"{account.name}</b> (sender)" in after
    assert SHOWN in after
    leaves = b"".join(web.site.platform.ledger.leaves()).decode()
    assert '"type":"answered"' in leaves
    assert "harbour shop" not in leaves


def test_nobody_else_answers_nor_sees_the_question(web: Web, held: Held) -> None:
    account, client = uploader(web)
    case = held.by_account(account, client)
    held.ask(case)
    question = question_on(client.get("/upload").text)
    other, browser = uploader(web)
    assert "Which shop" not in browser.get("/upload").text
    assert answered(web, other, browser, question, "mine").status_code == 409
    assert client.post("/answers", data={"csrf": "x", "question": question, "text": "no form"}).status_code == 403
    _, secret = make(web)
    assert web.client().post(f"/send/{secret}/answers", data={"question": question, "text": "mine"}).status_code == 409
    assert held.again(case).asked
    change_grants(web.site.people, account, [Grant(role=Role.UPLOADER, flow="retail")], by="test")
    assert "Which shop" not in client.get("/upload").text
    assert answered(web, account, client, question, "late").status_code == 409
    assert len(held.said(case)) == 1


@pytest.mark.parametrize("text", ["", " \r\n\t ", "x" * (MOST_ANSWER + 1)])
def test_an_answer_has_words_and_an_end(web: Web, held: Held, text: str) -> None:
    account, client = uploader(web)
    case = held.by_account(account, client)
    held.ask(case)
    refused = answered(web, account, client, question_on(client.get("/upload").text), text)
    assert refused.status_code == 400
    assert f"1 to {MOST_ANSWER:,} characters" in refused.text
    assert text in html.unescape(refused.text)
    assert answered(web, account, client, question_on(refused.text), "x\r\n" * (MOST_ANSWER // 2)).status_code == 303
    assert held.said(case)[1][1] == ("x\n" * (MOST_ANSWER // 2)).strip()


def test_who_cannot_be_asked_is_said(web: Web, held: Held) -> None:
    account, client = uploader(web)
    case = held.by_account(account, client)
    assert f"“Send files” of {account.name}" in held.browser.get(f"/cases/{case.id}").text
    set_disabled(web.site.people, account, disabled=True, by="test")
    assert "is disabled. Next: ask whoever sends it by another way" in held.ask(case)
    assert "Nobody was asked by this system" in held.browser.get(f"/cases/{case.id}").text
    form = {"csrf": web.csrf(held.reviewer), "text": "on the phone: the harbour shop"}
    assert held.browser.post(f"/cases/{case.id}/comments", data=form).status_code == 303
    assert not held.again(case).asked


def test_a_case_of_a_folder_names_nobody_to_ask(web: Web, held: Held) -> None:
    folder = next(one for one in all_of(web) if one.sender == "local")
    case = next(one for one in web.site.desk.cases.cases(CaseFilter(delivery=folder.id)))
    assert "It came from no account and no upload link." in held.ask(case)
    form = {"csrf": web.csrf(held.reviewer), "text": "they said so"}
    held.browser.post(f"/cases/{case.id}/comments", data=form)
    assert not held.again(case).asked


def test_what_the_sender_said_by_another_way_settles_the_question(web: Web, held: Held) -> None:
    account, client = uploader(web)
    case = held.by_account(account, client)
    held.ask(case)
    form = {"csrf": web.csrf(held.reviewer), "text": "let us wait"}
    held.browser.post(f"/cases/{case.id}/comments", data=form)
    assert held.again(case).asked
    assert "Which shop" in client.get("/upload").text
    held.browser.post(f"/cases/{case.id}/comments", data=form | {"text": "they called", "settles": "1"})
    assert not held.again(case).asked
    assert "Which shop" not in client.get("/upload").text
    both = held.browser.post(f"/cases/{case.id}/comments", data=form | {"settles": "1", "question": "1"})
    assert both.status_code == 400


def test_an_operator_who_sent_is_asked_on_overview_and_delivery(web: Web, held: Held) -> None:
    account = web.account(Grant(role=Role.OPERATOR))
    client = web.signed_in(account)
    case = held.by_account(account, client)
    held.ask(case)
    overview = client.get("/").text
    assert "Said to you" in overview
    question = question_on(client.get("/upload").text)
    assert f"/upload#question-{question}" in overview
    assert f"/upload#question-{question}" in client.get(f"/deliveries/{case.delivery}").text
    assert "A question about it" not in held.browser.get(f"/deliveries/{case.delivery}").text
    assert answered(web, account, client, question, "yes").status_code == 303
    assert "Said to you" not in client.get("/").text


# ── A link that is asked ─────────────────────────────────────────────────────────────────────────────────────────────
def test_a_link_shows_the_question_and_its_holder_answers(web: Web, held: Held) -> None:
    link, secret = make(web)
    case = held.by_link(secret)
    client = web.client()
    assert 'name="question"' not in client.get(f"/send/{secret}").text
    assert f"page of upload link {link.id}" in held.ask(case, f"Which shop? {HOSTILE}")
    shown = client.get(f"/send/{secret}").text
    assert SHOWN in shown
    for hidden in ("\u202e", "\x1b", case.id, str(case.delivery), held.reviewer.name, held.reviewer.id, link.made_by):
        assert hidden not in shown
    maker = web.site.people.accounts.accounts(ids=[link.made_by])[0]
    assert "Which shop" not in web.signed_in(maker).get("/upload").text
    question = question_on(shown)
    form = {"question": question, "text": f"The harbour shop. {HOSTILE}"}
    assert client.post(f"/send/{secret}/answers", data=form).headers["location"] == f"/send/{secret}"
    assert 'name="question"' not in client.get(f"/send/{secret}").text
    again = client.post(f"/send/{secret}/answers", data=form)
    assert again.status_code == 409
    assert held.said(case)[1:] == [(link.id, form["text"])]
    assert not held.again(case).asked
    after = held.browser.get(f"/cases/{case.id}").text
    assert f"{link.id}</b> (sender)" in after
    assert SHOWN in after


def ended(web: Web, link: UploadLink) -> None:
    web.site.links.revoke(link.id, at=web.clock(), by="test")


def test_another_link_and_an_ended_one_cannot_answer(web: Web, held: Held) -> None:
    link, secret = make(web)
    _, other = make(web)
    case = held.by_link(secret)
    held.ask(case)
    client = web.client()
    question = question_on(client.get(f"/send/{secret}").text)
    form = {"question": question, "text": "so"}
    assert "Which shop" not in client.get(f"/send/{other}").text
    stranger = client.post(f"/send/{other}/answers", data=form)
    assert stranger.status_code == 409
    assert client.post(f"/send/{other}/answers", data=form | {"question": "0" * 16}).text == stranger.text
    unknown = client.post(f"/send/{'0' * 64}/answers", data=form)
    ended(web, link)
    gone = client.post(f"/send/{secret}/answers", data=form)
    assert (gone.status_code, gone.text) == (404, unknown.text)
    assert len(held.said(case)) == 1
    assert "The sender cannot answer here any more." in held.browser.get(f"/cases/{case.id}").text
    assert f"Upload link {link.id} has ended" in held.ask(case, "And now?")
    assert "Nobody was asked by this system" in held.browser.get(f"/cases/{case.id}").text


def test_a_link_takes_no_large_or_foreign_form(web: Web, held: Held) -> None:
    _, secret = make(web)
    case = held.by_link(secret)
    held.ask(case)
    client, place = web.client(), f"/send/{secret}/answers"
    question = question_on(client.get(f"/send/{secret}").text)
    for text, status in (("x" * (MOST_ANSWER + 1), 400), ("x" * (4 << 20), 413), ("", 400)):
        assert client.post(place, data={"question": question, "text": text}).status_code == status
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert client.post(place, data={"question": question, "text": "so"}, headers=foreign).status_code == 403
    file = [("text", ("x.txt", b"so"))]
    assert client.post(place, data={"question": question}, files=file).status_code == 400
    assert held.again(case).asked
    assert len(held.said(case)) == 1


def test_of_two_answers_at_once_one_is_taken(web: Web, held: Held) -> None:
    _, secret = make(web)
    case = held.by_link(secret)
    held.ask(case)
    client = web.client()
    question = question_on(client.get(f"/send/{secret}").text)

    def post(number: int) -> int:
        form = {"question": question, "text": f"answer {number}"}
        return web.client().post(f"/send/{secret}/answers", data=form).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(post, range(4))) == [303, 409, 409, 409]
    assert len(held.said(case)) == 2


# ── Mentions ─────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_mention_waits_until_the_case_is_opened(web: Web, held: Held) -> None:
    account, client = uploader(web)
    case = held.by_account(account, client)
    named = web.account(Grant(role=Role.ANALYST, flow="sales"))
    other = web.account(Grant(role=Role.ANALYST, flow="sales"))
    browser = web.signed_in(named)
    assert "Said to you" not in browser.get("/").text
    form = {"csrf": web.csrf(held.reviewer), "text": f"@{named.name} look at this {HOSTILE}"}
    held.browser.post(f"/cases/{case.id}/comments", data=form)
    overview = browser.get("/").text
    assert f"{held.reviewer.name} mentions you in case" in overview
    assert SHOWN in overview
    assert "\u202e" not in overview
    assert "You are mentioned" in browser.get("/inbox").text
    assert "Said to you" not in web.signed_in(other).get("/").text
    waiting = browser.get("/api/me/waiting").json()["mentions"]
    assert [(one["case"], one["by"]) for one in waiting] == [(case.id, held.reviewer.name)]
    browser.get(f"/cases/{case.id}")
    assert "Said to you" not in browser.get("/").text
    assert browser.get("/api/me/waiting").json() == {"questions": [], "mentions": []}


def test_the_writer_is_told_who_will_not_see_it_and_no_more(web: Web, held: Held) -> None:
    account, client = uploader(web)
    case = held.by_account(account, client)
    outside = web.account(Grant(role=Role.REVIEWER, flow="retail"))
    gone = web.account(Grant(role=Role.REVIEWER))
    set_disabled(web.site.people, gone, disabled=True, by="test")
    told = []
    for name in (outside.name, gone.name, account.name, "nobody-at-all"):
        form = {"csrf": web.csrf(held.reviewer), "text": f"@{name} look, and mail to box@example.org"}
        assert held.browser.post(f"/cases/{case.id}/comments", data=form).status_code == 303
        page = held.browser.get(f"/cases/{case.id}").text
        (line,) = [one for one in re.findall(r"<small>(@[^<]*)</small>", page) if f"@{name} " in one]
        told.append(line.replace(name, "NAME"))
    assert len(held.said(case)) == 4
    assert set(told) == {"@NAME will not see this: no account of that name may see flow sales."}
    other = web.signed_in(web.account(Grant(role=Role.REVIEWER)))
    assert "will not see this" not in other.get(f"/cases/{case.id}").text
    many = {"csrf": web.csrf(held.reviewer), "text": " ".join(f"@n{number}" for number in range(21))}
    assert held.browser.post(f"/cases/{case.id}/comments", data=many).status_code == 400


# ── Escalation ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_who_the_flow_names_sees_what_is_overdue_on_top(web: Web, held: Held) -> None:
    named, reader = web.account(Grant(role=Role.ANALYST)), web.account(Grant(role=Role.ANALYST))
    flows: dict[str, Flow] = web.site.platform.flows  # type: ignore[assignment]
    policy = ReviewPolicy(within_s=3600, escalate=Escalation(to=("operator", named.name)))
    flows["sales"] = replace(flows["sales"], review=policy)
    account, client = uploader(web)
    case = held.by_account(account, client)
    operator, elsewhere = (web.account(Grant(role=Role.OPERATOR, flow=flow)) for flow in ("sales", "retail"))
    heading = "Overdue, and escalated to you"
    assert heading not in web.signed_in(operator).get("/").text
    web.clock.now = case.opened_at + timedelta(seconds=3601)
    for each, sees in ((operator, True), (named, True), (reader, False), (elsewhere, False)):
        text = web.signed_in(each).get("/").text
        assert (heading in text, f"/cases/{case.id}" in text.partition("Nobody decided")[0]) == (sees, sees)
    held.ask(case)
    assert heading not in web.signed_in(operator).get("/").text


# ── By the API ───────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_program_asks_answers_and_hears_who_is_not_told(web: Web, held: Held) -> None:
    account, client = uploader(web)
    case = held.by_account(account, client)
    secret, _ = make_token(web.site.people, held.reviewer, "t", {Permission.SEE, Permission.DECIDE}, by="test")
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    body = {"text": "Which shop, @nobody-here?", "question": True}
    said = web.client().post(f"/api/cases/{case.id}/comments", headers=headers, content=json.dumps(body)).json()
    assert (said["unseen"], said["question"]) == (["nobody-here"], True)
    assert f"“Send files” of {account.name}" in said["asked"]
    (waiting,) = client.get("/api/me/waiting").json()["questions"]
    assert (waiting["text"], waiting["delivery"]) == (body["text"], case.delivery)
    own, _ = make_token(web.site.people, account, "t", {Permission.UPLOAD}, by="test")
    mine = {"Authorization": f"Bearer {own}", "Content-Type": "application/json"}
    answer = json.dumps({"question": waiting["id"], "text": "The harbour shop."})
    refused = web.client().post("/api/me/answers", headers=headers, content=answer)
    assert refused.status_code == 403
    taken = web.client().post("/api/me/answers", headers=mine, content=answer)
    assert (taken.status_code, taken.json()["text"]) == (200, "The harbour shop.")
    assert web.client().post("/api/me/answers", headers=mine, content=answer).status_code == 409
    assert held.said(case)[1] == (account.id, "The harbour shop.")

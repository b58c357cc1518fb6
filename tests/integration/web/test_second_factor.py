"""The second factor: what turns it on, that it is asked for everywhere, and that each code counts once."""

from __future__ import annotations

import json
import os
import re
from base64 import b32decode, b32encode
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from starlette.testclient import TestClient
from tests.integration.web.conftest import Web

from headgate.core.accounts import FREE_TRIES, Account, Purpose, secret_id
from headgate.core.roles import Grant, Role
from headgate.core.sealing import seal
from headgate.core.totp import Factor, code_at, step_at
from headgate.people import make_link, set_disabled, set_password
from headgate.second_factor import SEALING, take_off
from headgate.web.pending import LENGTH

ANALYST = Grant(role=Role.ANALYST)
RIGHT = "a river and a weir"


def code(web: Web, secret: bytes, *, drift: int = 0) -> str:
    return code_at(secret, step_at(web.clock.now) + drift)


def hidden(answer: httpx2.Response, name: str) -> str:
    return str(re.findall(rf'name="{name}" value="([^"]*)"', answer.text)[0])


def own_csrf(client: TestClient) -> str:
    return hidden(client.get("/me"), "csrf")


def begun(client: TestClient, csrf: str = "") -> tuple[bytes, dict[str, str]]:
    """The secret that the page shows, and the form that confirms it, but for the code."""
    csrf = csrf or own_csrf(client)
    answer = client.post("/me/second-factor", data={"csrf": csrf})
    text = re.findall(r"The secret as text\">([A-Z2-7 ]+)<", answer.text)[0]
    form = {"csrf": csrf, "enrolment": hidden(answer, "enrolment"), "before": RIGHT}
    return b32decode(text.replace(" ", "")), form


@pytest.fixture
def account(web: Web) -> Account:
    account = web.account(ANALYST)
    set_password(web.site.people, web.site.passwords, account, RIGHT, keep="")
    return account


def turned_on(web: Web, account: Account) -> tuple[bytes, list[str]]:
    """The secret and the recovery codes of an account that set it up on its page."""
    client = web.signed_in(account)
    secret, form = begun(client)
    answer = client.post("/me/second-factor/confirm", data=form | {"code": code(web, secret)})
    assert answer.status_code == 200, answer.text
    web.clock.now += timedelta(seconds=60)  # so that the next code is another
    return secret, re.findall(r"\b(?:[a-z2-7]{4}-){5}[a-z2-7]{4}\b", answer.text)


def first_shown(web: Web, account: Account, client: TestClient | None = None) -> tuple[TestClient, httpx2.Response]:
    """A browser that showed the right password, and what it got."""
    client = client or web.client()
    return client, client.post("/sign-in", data={"name": account.name, "password": RIGHT, "to": "/deliveries"})


def second_shown(client: TestClient, asked: httpx2.Response, text: str) -> httpx2.Response:
    return client.post("/sign-in/code", data={"half": hidden(asked, "half"), "code": text})


def test_it_counts_once_a_code_was_shown(web: Web, account: Account) -> None:
    client = web.signed_in(account)
    secret, form = begun(client)
    assert first_shown(web, account)[1].status_code == 303  # not yet
    answer = client.post("/me/second-factor/confirm", data=form | {"code": "000000"})
    assert answer.status_code == 400
    assert not web.site.people.accounts.accounts(name=account.name)[0].second_factor
    form |= {"enrolment": hidden(answer, "enrolment")}
    wrong = client.post("/me/second-factor/confirm", data=form | {"code": code(web, secret), "before": "wrong"})
    assert "The password is another one" in wrong.text
    form |= {"enrolment": hidden(wrong, "enrolment")}
    other = web.signed_in(account)
    assert client.post("/me/second-factor/confirm", data=form | {"code": code(web, secret)}).status_code == 200
    assert other.get("/").status_code == 303  # other sessions have ended
    assert client.get("/").status_code == 200
    assert first_shown(web, account)[1].status_code == 200


def test_the_code_is_asked_for_after_the_password(web: Web, account: Account) -> None:
    secret, _ = turned_on(web, account)
    client, asked = first_shown(web, account)
    assert (asked.status_code, "Your code" in asked.text) == (200, True)
    assert "__Host-headgate" not in client.cookies
    assert client.get("/").status_code == 303
    answer = second_shown(client, asked, code(web, secret))
    assert (answer.status_code, answer.headers["location"]) == (303, "/deliveries")
    assert client.get("/deliveries").status_code == 200


def test_the_code_is_asked_for_after_a_link(web: Web, account: Account) -> None:
    secret, _ = turned_on(web, account)
    client = web.client()
    asked = client.post(f"/link/{make_link(web.site.people, account, Purpose.RESET, by='test')}")
    assert (asked.status_code, "Your code" in asked.text) == (200, True)
    assert client.get("/me").status_code == 303
    assert second_shown(client, asked, code(web, secret)).headers["location"] == "/me"


def test_a_code_counts_once(web: Web, account: Account) -> None:
    secret, _ = turned_on(web, account)
    shown = code(web, secret)
    assert second_shown(*first_shown(web, account), shown).status_code == 303
    assert second_shown(*first_shown(web, account), shown).status_code == 403
    assert second_shown(*first_shown(web, account), code(web, secret, drift=-1)).status_code == 403  # nor one before it
    assert second_shown(*first_shown(web, account), code(web, secret, drift=1)).status_code == 303


def test_the_code_that_turned_it_on_signs_nobody_in(web: Web, account: Account) -> None:
    client = web.signed_in(account)
    secret, form = begun(client)
    shown = code(web, secret)
    client.post("/me/second-factor/confirm", data=form | {"code": shown})
    assert second_shown(*first_shown(web, account), shown).status_code == 403


def test_a_wrong_code_can_be_tried_again_until_the_account_waits(web: Web, account: Account) -> None:
    secret, recovery = turned_on(web, account)
    client, asked = first_shown(web, account)
    for _ in range(FREE_TRIES + 1):
        asked = second_shown(client, asked, "12345")
        assert (asked.status_code, "does not fit" in asked.text) == (403, True)
    assert second_shown(client, asked, code(web, secret)).status_code == 403  # the right one, too early
    assert first_shown(web, account)[1].status_code == 403
    web.clock.now += timedelta(seconds=16)
    client, asked = first_shown(web, account)
    assert second_shown(client, asked, code(web, secret)).status_code == 303
    assert web.site.people.accounts.accounts(name=account.name)[0].failures == 0
    assert len(recovery) == 10


def test_a_right_password_forgets_no_wrong_code(web: Web, account: Account) -> None:
    """Else whoever has the password could try codes for ever."""
    turned_on(web, account)
    for number in range(FREE_TRIES + 1):
        client, asked = first_shown(web, account)
        assert asked.status_code == 200, number
        second_shown(client, asked, "0")
    assert first_shown(web, account)[1].status_code == 403


def test_many_codes_at_once_are_no_more_tries(web: Web, account: Account) -> None:
    turned_on(web, account)
    halves = [hidden(first_shown(web, account)[1], "half") for _ in range(24)]

    def tried(half: str) -> None:
        assert web.client().post("/sign-in/code", data={"half": half, "code": "0"}).status_code == 403

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(tried, halves))
    assert web.site.people.accounts.accounts(name=account.name)[0].failures == FREE_TRIES + 1


def test_a_recovery_code_works_once(web: Web, account: Account) -> None:
    _, recovery = turned_on(web, account)
    assert len(set(recovery)) == 10
    assert second_shown(*first_shown(web, account), recovery[3].upper().replace("-", " ")).status_code == 303
    assert second_shown(*first_shown(web, account), recovery[3]).status_code == 403
    assert second_shown(*first_shown(web, account), recovery[4]).status_code == 303
    assert web.site.people.accounts.recovery_left(account.id) == 8
    other = web.account(ANALYST)
    set_password(web.site.people, web.site.passwords, other, RIGHT, keep="")
    turned_on(web, other)
    assert second_shown(*first_shown(web, other), recovery[0]).status_code == 403  # another's


def test_a_recovery_code_of_before_works(web: Web, account: Account) -> None:
    """They had 80 bits; whoever wrote them down keeps them."""
    sealed = seal(web.site.people.secrets.own(SEALING), b"s" * 20, context=account.id, random=os.urandom)  # type: ignore[union-attr]
    factor = Factor(account=account.id, secret=sealed, made_at=web.clock.now, step=0)
    web.site.people.accounts.add_factor(factor, [secret_id("abcd-efgh-2345-67ab")], by=account.id)
    assert second_shown(*first_shown(web, account), "ABCD efgh 2345 67ab").status_code == 303
    assert second_shown(*first_shown(web, account), "abcd-efgh-2345-67ab").status_code == 403


def test_a_half_sign_in_is_worth_nothing_later(web: Web, account: Account) -> None:
    secret, _ = turned_on(web, account)
    client, asked = first_shown(web, account)
    web.clock.now += LENGTH
    assert "This sign-in is over" in second_shown(client, asked, code(web, secret)).text
    client, asked = first_shown(web, account)
    assert second_shown(client, asked, code(web, secret)).status_code == 303
    assert "This sign-in is over" in second_shown(web.client(), asked, code(web, secret, drift=1)).text  # used up
    assert web.client().post("/sign-in/code", data={"half": "made up", "code": "1"}).status_code == 403


def test_who_is_disabled_meanwhile_stays_out(web: Web, account: Account) -> None:
    secret, _ = turned_on(web, account)
    client, asked = first_shown(web, account)
    set_disabled(web.site.people, account, disabled=True, by="test")
    assert second_shown(client, asked, code(web, secret)).status_code == 403


def test_an_enrolment_is_its_owners(web: Web, account: Account) -> None:
    client, other = web.signed_in(account), web.account(ANALYST)
    secret, form = begun(client)
    at_another = web.signed_in(other)
    stolen = form | {"csrf": own_csrf(at_another), "code": code(web, secret)}
    assert at_another.post("/me/second-factor/confirm", data=stolen).status_code == 400
    assert not web.site.people.accounts.accounts(name=other.name)[0].second_factor


def test_it_is_turned_off_by_a_code_or_by_an_admin(web: Web, account: Account) -> None:
    secret, recovery = turned_on(web, account)
    client, asked = first_shown(web, account)
    second_shown(client, asked, recovery[0])
    form = {"csrf": own_csrf(client)}
    assert client.post("/me/second-factor", data=form).status_code == 400  # a second one beside it
    assert client.post("/me/second-factor/off", data=form | {"code": "1"}).status_code == 400
    assert client.post("/me/second-factor/off", data=form | {"code": code(web, secret)}).status_code == 200
    assert first_shown(web, account)[1].status_code == 303
    turned_on(web, account)
    assert take_off(web.site.people, account, by="command")
    assert first_shown(web, account)[1].status_code == 303
    assert not take_off(web.site.people, account, by="command")


def test_sessions_of_an_account_without_a_password_are_ended_by_a_code(web: Web) -> None:
    account = web.account(ANALYST)
    secret, _ = turned_on(web, account)
    browsers = []
    for drift in (0, 1):
        browsers.append(web.client())
        link = make_link(web.site.people, account, Purpose.SIGN_IN, by="test")
        asked = browsers[-1].post(f"/link/{link}")
        assert second_shown(browsers[-1], asked, code(web, secret, drift=drift)).status_code == 303
    web.clock.now += timedelta(minutes=2)
    other, client = browsers
    form = {"csrf": own_csrf(client)}
    assert client.post("/me/sessions/others/end", data=form | {"proof": "123"}).status_code == 400
    assert other.get("/").status_code == 200
    assert client.post("/me/sessions/others/end", data=form | {"proof": code(web, secret)}).status_code == 303
    assert [one.get("/").status_code for one in (client, other)] == [200, 303]


def test_the_database_alone_gives_no_code(web: Web, landed: Path, account: Account) -> None:
    secret, recovery = turned_on(web, account)
    web.site.people.accounts.close()
    kept = b"".join(place.read_bytes() for place in landed.glob("ledger.db*"))
    for text in (secret, b32encode(secret), secret.hex().encode(), recovery[0].encode()):
        assert text not in kept
    (place,) = (landed / "keys").glob("second-factors.secret")
    assert place.stat().st_mode & 0o777 == 0o600
    right = place.read_text()
    place.write_text("another")
    assert "does not open" in second_shown(*first_shown(web, account), code(web, secret)).text
    place.write_text(right)
    assert second_shown(*first_shown(web, account), code(web, secret)).status_code == 303


def test_no_event_holds_a_secret(web: Web, account: Account) -> None:
    size = web.site.platform.ledger.log_size()
    secret, recovery = turned_on(web, account)
    second_shown(*first_shown(web, account), recovery[0])
    leaves = [json.loads(leaf) for leaf in web.site.platform.ledger.leaves(size)]
    types = [leaf["type"] for leaf in leaves]
    assert [one for one in types if one not in {"link_made", "signed_in", "signed_out"}] == [
        "totp_on",
        "recovery_code_used",
    ]
    assert secret.hex() not in str(leaves)
    assert recovery[0] not in str(leaves)

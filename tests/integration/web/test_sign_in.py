"""Links, passwords, sessions: what lets in, and what does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from tests.harness.sites import MANY_CALLS
from tests.integration.web.conftest import Web

from headgate.core.accounts import FREE_TRIES, SESSION_IDLE, SESSION_LENGTH, Purpose
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Role
from headgate.core.sign_in_rules import SignInRules
from headgate.people import LINK_LENGTH, make_link, set_password
from headgate.web.passwords import Argon2Passwords
from headgate.web.tries import FREE_FAILURES

ANALYST = Grant(role=Role.ANALYST)
RIGHT = "a river and a weir"


def test_a_link_signs_in_once(web: Web) -> None:
    secret = make_link(web.site.people, web.account(ANALYST), Purpose.SIGN_IN, by="test")
    client = web.client()
    assert client.get(f"/link/{secret}").status_code == client.get(f"/link/{secret}").status_code == 200  # a look
    answer = client.post(f"/link/{secret}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-headgate=")
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(cookie.split("; "))
    assert client.get("/").status_code == 200
    assert web.client().post(f"/link/{secret}").status_code == 403


@pytest.mark.parametrize(
    ("grants", "place"),
    [((ANALYST,), "/"), ((Grant(role=Role.UPLOADER, flow="sales"),), "/upload"), ((), "/me")],
)
def test_everybody_comes_to_a_page_of_their_own(web: Web, grants: tuple[Grant, ...], place: str) -> None:
    secret = make_link(web.site.people, web.account(*grants), Purpose.SIGN_IN, by="test")
    client = web.client()
    assert client.post(f"/link/{secret}").headers["location"] == place
    assert client.get(place).status_code == 200


def test_a_link_that_is_too_old(web: Web) -> None:
    secret = make_link(web.site.people, web.account(ANALYST), Purpose.SIGN_IN, by="test")
    web.clock.now += LINK_LENGTH[Purpose.SIGN_IN]
    assert web.client().post(f"/link/{secret}").status_code == 403


def test_a_password(web: Web) -> None:
    account = web.account(ANALYST)
    set_password(web.site.people, web.site.passwords, account, RIGHT, keep="")
    client = web.client()
    wrong = client.post("/sign-in", data={"name": account.name, "password": "wrong"})
    unknown = client.post("/sign-in", data={"name": "nobody-here", "password": "wrong"})
    assert wrong.status_code == unknown.status_code == 403
    assert wrong.text.replace(account.name, "") == unknown.text.replace("nobody-here", "")
    answer = client.post("/sign-in", data={"name": account.name, "password": RIGHT, "to": "/deliveries"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/deliveries")
    assert client.get("/deliveries").status_code == 200
    assert RIGHT not in str(web.site.people.accounts.accounts(name=account.name)[0].password)


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\r\nSet-Cookie: b=c"]
)
def test_nobody_is_sent_to_another_site(web: Web, to: str) -> None:
    account = web.account(ANALYST)
    set_password(web.site.people, web.site.passwords, account, RIGHT, keep="")
    answer = web.client().post("/sign-in", data={"name": account.name, "password": RIGHT, "to": to})
    assert answer.headers["location"] == "/"
    assert "b" not in answer.cookies


def test_wrong_passwords_make_the_right_one_wait(web: Web) -> None:
    account = web.account(ANALYST)
    set_password(web.site.people, web.site.passwords, account, RIGHT, keep="")
    client = web.client()
    for _ in range(FREE_TRIES + 1):
        assert client.post("/sign-in", data={"name": account.name, "password": "wrong"}).status_code == 403
    right = {"name": account.name, "password": RIGHT}
    assert client.post("/sign-in", data=right).status_code == 403
    web.clock.now += timedelta(seconds=16)
    assert client.post("/sign-in", data=right).status_code == 303


def test_many_passwords_at_once_are_no_more_tries(web: Web) -> None:
    """Each takes a while to hash, so all of a burst would find that the account need not wait yet."""
    account = web.account(ANALYST)
    set_password(web.site.people, web.site.passwords, account, RIGHT, keep="")
    size = web.site.platform.ledger.log_size()

    def tried(number: int) -> int:
        return web.client().post("/sign-in", data={"name": account.name, "password": f"wrong {number}"}).status_code

    with ThreadPoolExecutor(12) as threads:
        assert set(threads.map(tried, range(18))) == {403}
    assert web.site.people.accounts.accounts(name=account.name)[0].failures == FREE_TRIES + 1
    leaves = [json.loads(leaf) for leaf in web.site.platform.ledger.leaves(size)]
    told = [leaf["fields"]["failures"] for leaf in leaves if leaf["type"] == "sign_in_refused"]
    assert sorted(told) == list(range(1, FREE_TRIES + 2))  # only these were looked at


def test_who_tries_many_accounts_waits(web: Web) -> None:
    """Names that there are not cost as much to look at, so the address waits, whatever it tries."""
    account = web.account(ANALYST)
    set_password(web.site.people, web.site.passwords, account, RIGHT, keep="")
    right = {"name": account.name, "password": RIGHT}
    client = web.client()
    assert [client.post("/sign-in", data=right).status_code for _ in range(FREE_FAILURES + 1)][-1] == 303  # no failure

    def tried(number: int) -> int:
        return web.client().post("/sign-in", data={"name": f"nobody-{number}", "password": RIGHT}).status_code

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(tried, range(FREE_FAILURES + 8)))
    assert (answers.count(403), answers.count(429)) == (FREE_FAILURES, 8)
    waits = client.post("/sign-in", data=right)
    assert (waits.status_code, waits.headers["Retry-After"]) == (429, "60")
    web.clock.now += timedelta(minutes=1)
    assert client.post("/sign-in", data=right).status_code == 303


def test_a_password_that_was_not_looked_at_is_no_try(ruled: Callable[[SignInRules], Web]) -> None:
    web = ruled(MANY_CALLS)
    account = web.account(ANALYST)
    set_password(web.site.people, web.site.passwords, account, RIGHT, keep="")
    busy = Argon2Passwords(at_once=1, patience_s=0)
    made = Web(replace(web.site, passwords=busy), web.clock)

    def tried(_: int) -> int:
        return made.client().post("/sign-in", data={"name": account.name, "password": RIGHT}).status_code

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(tried, range(16)))
    assert set(answers) <= {303, 403, 503}
    assert answers.count(503) > 0
    (standing,) = web.site.people.accounts.accounts(name=account.name)
    assert (standing.failures, standing.locked_until) == (0, None)


def test_a_right_password_takes_its_own_try_back(web: Web) -> None:
    account = web.account(ANALYST)
    set_password(web.site.people, web.site.passwords, account, RIGHT, keep="")
    client = web.signed_in(account)
    form = {"csrf": web.csrf(account), "before": RIGHT}
    for number in range(FREE_TRIES + 2):
        assert client.post("/me/password", data=form | {"password": RIGHT}).status_code == 200, number
    assert web.site.people.accounts.accounts(name=account.name)[0].failures == 0


def test_a_session_ends_when_it_is_idle_or_old(web: Web) -> None:
    account = web.account(ANALYST)
    client = web.signed_in(account)
    web.clock.now += SESSION_IDLE - timedelta(minutes=1)
    assert client.get("/").status_code == 200  # which begins the idle time anew
    web.clock.now += SESSION_IDLE - timedelta(minutes=2)
    assert client.get("/").status_code == 200
    web.clock.now += SESSION_IDLE
    assert client.get("/").status_code == 303
    old = web.signed_in(account)
    for _ in range(int(SESSION_LENGTH / (SESSION_IDLE / 2))):
        web.clock.now += SESSION_IDLE / 2
        answer = old.get("/")
    assert answer.status_code == 303


def test_signing_in_never_carries_a_session_over(web: Web) -> None:
    account = web.account(ANALYST)
    client = web.signed_in(account)
    (before,) = web.site.people.accounts.sessions(account.id)
    fixed = client.cookies["__Host-headgate"]
    secret = make_link(web.site.people, account, Purpose.SIGN_IN, by="test")
    client.post(f"/link/{secret}")
    assert client.cookies["__Host-headgate"] != fixed
    assert [one.id != before.id for one in web.site.people.accounts.sessions(account.id)] == [True]


def test_a_cookie_that_somebody_made_up(web: Web) -> None:
    client = web.client()
    client.cookies.set("__Host-headgate", "made-up", domain="lake.example.org")
    assert client.get("/").status_code == 303


def test_signing_out_ends_the_session_at_the_server(web: Web) -> None:
    account = web.account(ANALYST)
    client = web.signed_in(account)
    secret = client.cookies["__Host-headgate"]
    assert client.post("/sign-out", data={"csrf": web.csrf(account)}).status_code == 303
    again = web.client()
    again.cookies.set("__Host-headgate", secret, domain="lake.example.org")
    assert again.get("/").status_code == 303


def test_a_new_password_ends_other_sessions(web: Web) -> None:
    account = web.account(ANALYST)
    other, client = web.signed_in(account), web.signed_in(account)
    form = {"csrf": web.csrf(account), "password": RIGHT}
    # the newest session stands first, but both may be of one moment: try both
    answers = [one.post("/me/password", data=form).status_code for one in (client, other)]
    assert sorted(answers) == [200, 403] or answers.count(303) == 1
    standing = [one for one in (client, other) if one.get("/me").status_code == 200]
    assert len(standing) == 1


@pytest.mark.parametrize("password", ["short", "x" * 257])
def test_passwords_that_do_not_do(web: Web, password: str) -> None:
    account = web.account(ANALYST)
    client = web.signed_in(account)
    answer = client.post("/me/password", data={"csrf": web.csrf(account), "password": password})
    assert answer.status_code in {400, 422}
    assert web.site.people.accounts.accounts(name=account.name)[0].password is None


def test_the_present_password_is_asked_for(web: Web) -> None:
    account = web.account(ANALYST)
    set_password(web.site.people, web.site.passwords, account, RIGHT, keep="")
    client = web.signed_in(account)
    form = {"csrf": web.csrf(account), "password": "another river here", "before": "wrong"}
    assert client.post("/me/password", data=form).status_code == 400
    assert client.post("/me/password", data=form | {"before": RIGHT}).status_code == 200


def test_a_browser_that_is_signed_in_tries_no_passwords_for_ever(web: Web) -> None:
    account = web.account(ANALYST)
    set_password(web.site.people, web.site.passwords, account, RIGHT, keep="")
    client = web.signed_in(account)
    form = {"csrf": web.csrf(account), "password": "another river here"}
    for _ in range(FREE_TRIES + 1):
        assert client.post("/me/password", data=form | {"before": "wrong"}).status_code == 400
    assert client.post("/me/password", data=form | {"before": RIGHT}).status_code == 400
    web.clock.now += timedelta(minutes=1)
    assert client.post("/me/password", data=form | {"before": RIGHT}).status_code == 200


def test_a_disabled_account_is_out_at_once(web: Web) -> None:
    admin, other = web.account(Grant(role=Role.ADMIN)), web.account(ANALYST)
    client, at_work = web.signed_in(other), web.signed_in(admin)
    form = {"csrf": web.csrf(admin)}
    assert at_work.post(f"/accounts/{other.id}/disable", data=form).status_code == 303
    assert client.get("/").status_code == 303
    assert "disabled" in at_work.post(f"/accounts/{other.id}/link", data=form).text
    assert at_work.post(f"/accounts/{other.id}/enable", data=form).status_code == 303
    assert client.get("/").status_code == 303  # its session had ended
    assert web.signed_in(other).get("/").status_code == 200


def test_no_event_names_a_person(web: Web) -> None:
    account = web.account(Grant(role=Role.ADMIN))
    web.signed_in(account)
    leaves = [json.loads(leaf) for leaf in web.site.platform.ledger.leaves()]
    own = [leaf for leaf in leaves if leaf["fields"].get("account") == account.id]
    assert [leaf["type"] for leaf in own] == ["account_added", "link_made", "signed_in"]
    assert account.name not in json.dumps(leaves)


def test_sessions_are_ended_after_the_password(web: Web) -> None:
    account = web.account(ANALYST)
    set_password(web.site.people, web.site.passwords, account, RIGHT, keep="")
    others = [web.signed_in(account) for _ in range(3)]
    web.clock.now += timedelta(seconds=1)
    client, form = web.signed_in(account), {"csrf": web.csrf(account)}
    ids = [one.id for one in web.site.people.accounts.sessions(account.id)][1:]
    for proof in ({}, {"proof": "wrong"}):
        assert client.post(f"/me/sessions/{ids[0]}/end", data=form | proof).status_code == 400
    assert len(web.site.people.accounts.sessions(account.id)) == 4
    assert client.post(f"/me/sessions/{ids[0]}/end", data=form | {"proof": RIGHT}).status_code == 303
    assert [one.get("/").status_code for one in others].count(303) == 1
    assert client.post("/me/sessions/others/end", data=form | {"proof": RIGHT}).status_code == 303
    assert {one.get("/").status_code for one in others} == {303}
    assert client.get("/").status_code == 200


def test_nobody_ends_the_sessions_of_another(web: Web) -> None:
    account, other = web.account(ANALYST), web.account(ANALYST)
    client, theirs = web.signed_in(account), web.signed_in(other)
    (session,) = web.site.people.accounts.sessions(other.id)
    assert client.post(f"/me/sessions/{session.id}/end", data={"csrf": web.csrf(account)}).status_code == 303
    assert theirs.get("/").status_code == 200


def test_who_has_no_password_has_just_signed_in(web: Web) -> None:
    account = web.account(ANALYST)
    other = web.signed_in(account)
    web.clock.now += timedelta(seconds=1)
    client, form = web.signed_in(account), {"csrf": web.csrf(account)}
    web.clock.now += timedelta(minutes=15, seconds=1)
    answer = client.post("/me/sessions/others/end", data=form)
    assert (answer.status_code, "sign in again" in answer.text) == (400, True)
    assert other.get("/").status_code == 200
    web.clock.now -= timedelta(minutes=1)
    assert client.post("/me/sessions/others/end", data=form).status_code == 303
    assert other.get("/").status_code == 303

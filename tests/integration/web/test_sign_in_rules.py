"""What a project asks of those who sign in: a second factor by role, so many sessions, so many calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.integration.web.conftest import Web
from tests.integration.web.test_roles import PUBLIC, filled, routes
from tests.integration.web.test_second_factor import RIGHT, begun, code

from headgate.core.accounts import Account
from headgate.core.ports import DeliveryFilter
from headgate.core.roles import Grant, Permission, Role
from headgate.core.sign_in_rules import SignInRules
from headgate.people import change_grants, set_password
from headgate.second_factor import take_off
from headgate.tokens import make_token

Ruled = Callable[[SignInRules], Web]
ADMIN, ANALYST, UPLOADER = (Grant(role=role) for role in (Role.ADMIN, Role.ANALYST, Role.UPLOADER))
ASKED = SignInRules(second_factor=frozenset({Role.ADMIN, Role.REVIEWER}), calls_per_minute=1_000_000)
WHERE = "/me/second-factor"
OPEN = {("GET", WHERE), ("POST", WHERE), ("POST", f"{WHERE}/confirm"), ("POST", "/sign-out")}
"""All that is left to whoever must set up a second factor."""


@pytest.fixture
def web(ruled: Ruled) -> Web:
    return ruled(ASKED)


def sign_in(web: Web, account: Account) -> str:
    """Where a right password leads."""
    data = {"name": account.name, "password": RIGHT, "to": "/deliveries"}
    return str(web.client().post("/sign-in", data=data).headers["location"])


def set_up(web: Web, account: Account) -> None:
    client = web.signed_in(account)
    secret, form = begun(client, web.csrf(account))
    assert client.post(f"{WHERE}/confirm", data=form | {"code": code(web, secret)}).status_code == 200


def test_who_must_set_one_up_opens_nothing_else(web: Web) -> None:
    account = web.account(*(Grant(role=role) for role in Role))
    client = web.signed_in(account)
    form, own = {"csrf": web.csrf(account)}, {"X-Headgate-CSRF": web.csrf(account)}
    (delivery,) = web.site.platform.ledger.deliveries(DeliveryFilter())
    size, refused = web.site.platform.ledger.log_size(), 0
    for method, path, _, _ in routes():
        if (method, path) in PUBLIC | OPEN:
            continue
        answer = client.request(method, filled(path, delivery.id), data=form if method == "POST" else None, headers=own)
        if path.startswith("/api/"):
            assert (answer.status_code, set(answer.json())) == (403, {"error"}), (method, path)
        elif method == "GET":
            assert (answer.status_code, answer.headers["location"]) == (303, WHERE), path
        else:
            assert (answer.status_code, "asks for a second factor" in answer.text) == (403, True), path
        refused += method != "GET"
    assert client.post("/files", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "1"}).status_code == 403
    leaves = [json.loads(leaf) for leaf in web.site.platform.ledger.leaves(size)]
    assert [(one["type"], one["fields"]["reason"]) for one in leaves] == [("access_refused", "second_factor")] * (
        refused + 1
    )
    assert client.post("/sign-out", data=form).status_code == 303


def test_a_right_password_leads_to_it_and_then_all_opens(web: Web) -> None:
    account = web.account(ADMIN)
    set_password(web.site.people, web.site.passwords, account, RIGHT, keep="")
    assert sign_in(web, account) == WHERE
    web.clock.now += timedelta(seconds=1)
    client = web.signed_in(account)
    assert "Your role asks for a second factor" in client.get(WHERE).text
    assert "Deliveries" not in client.get(WHERE).text  # no navigation to what does not open
    secret, form = begun(client, web.csrf(account))
    late = client.post(f"{WHERE}/confirm", data=form | {"enrolment": "made up", "code": code(web, secret)})
    assert (late.status_code, "Your role asks" in late.text) == (400, True)
    assert client.post(f"{WHERE}/confirm", data=form | {"code": code(web, secret)}).status_code == 200
    assert client.get("/").status_code == client.get("/accounts").status_code == 200
    assert client.get(WHERE).headers["location"] == "/me"


def test_it_stays_on_where_a_role_asks_for_it(web: Web) -> None:
    account = web.account(ADMIN)
    client = web.signed_in(account)
    secret, form = begun(client, web.csrf(account))
    client.post(f"{WHERE}/confirm", data=form | {"code": code(web, secret)})
    web.clock.now += timedelta(minutes=1)
    answer = client.post(f"{WHERE}/off", data={"csrf": web.csrf(account), "code": code(web, secret)})
    assert (answer.status_code, "still on" in answer.text) == (400, True)
    assert web.site.people.accounts.accounts(name=account.name)[0].second_factor
    assert "Turn the second factor off" not in client.get("/me").text
    assert take_off(web.site.people, account, by="command")  # by whoever can: the authenticator was lost
    assert client.get("/").headers["location"] == WHERE


def test_other_roles_are_not_asked(web: Web) -> None:
    account = web.account(ANALYST)
    set_password(web.site.people, web.site.passwords, account, RIGHT, keep="")
    assert sign_in(web, account) == "/deliveries"
    assert web.signed_in(account).get(WHERE).headers["location"] == "/me"


def test_a_role_that_asks_counts_at_once(web: Web) -> None:
    account = web.account(ANALYST)
    client = web.signed_in(account)
    assert client.get("/").status_code == 200
    change_grants(web.site.people, account, [ANALYST, ADMIN], by="test")
    assert client.get("/").headers["location"] == WHERE


@pytest.mark.parametrize("permission", [Permission.SEE, Permission.UPLOAD])
def test_a_token_of_such_an_account_does_not_do(web: Web, permission: Permission) -> None:
    """Whatever it names: one for uploads only holds none of the roles that ask."""
    account = web.account(ADMIN, UPLOADER)
    secret, _ = make_token(web.site.people, account, "nightly", [permission], by=account.id)
    headers = {"Authorization": f"Bearer {secret}", "Tus-Resumable": "1.0.0", "Upload-Length": "3"}
    headers["Upload-Metadata"] = "filename YS5qc29u"
    program, begins = web.client(), permission is Permission.UPLOAD

    def status() -> int:
        return (
            program.post("/files", headers=headers) if begins else program.get("/api/flows", headers=headers)
        ).status_code

    assert status() == 403
    set_up(web, account)
    assert status() == (201 if begins else 200)


def test_so_many_calls_a_minute(ruled: Ruled) -> None:
    web = ruled(SignInRules(calls_per_minute=6))
    account, other = web.account(ANALYST), web.account(ANALYST)
    client = web.signed_in(account)
    secret, _ = make_token(web.site.people, account, "nightly", [Permission.SEE], by=account.id)
    program = {"Authorization": f"Bearer {secret}"}
    for _ in range(3):
        assert client.get("/deliveries").status_code == 200
        assert web.client().get("/api/deliveries", headers=program).status_code == 200
    page, told = client.get("/deliveries"), web.client().get("/api/deliveries", headers=program)
    assert (page.status_code, page.headers["Retry-After"], "Too often" in page.text) == (429, "10", True)
    assert (told.status_code, told.headers["Retry-After"], set(told.json())) == (429, "10", {"error"})
    assert web.signed_in(other).get("/deliveries").status_code == 200
    web.clock.now += timedelta(seconds=10)
    assert [client.get("/deliveries").status_code for _ in range(2)] == [200, 429]


def test_parts_of_files_and_what_listens_are_not_counted(ruled: Ruled) -> None:
    web = ruled(SignInRules(calls_per_minute=1))
    account = web.account(UPLOADER, ANALYST)
    client = web.signed_in(account)
    tus = {"Tus-Resumable": "1.0.0"}
    begun_at = client.post(
        "/files", headers=tus | {"Upload-Length": "9", "Upload-Metadata": "filename c2FsZXNfYmF0Y2hfMDEuanNvbg=="}
    )
    assert begun_at.status_code == 201, begun_at.text
    for offset in range(3):
        part = tus | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        assert client.patch(begun_at.headers["location"], headers=part, content=b"x").status_code == 204
    assert [client.get("/live").status_code for _ in range(3)] == [406] * 3  # it came through: it asks for its type
    assert [client.get("/").status_code for _ in range(2)] == [200, 429]


def test_of_too_many_sessions_the_oldest_ends(ruled: Ruled) -> None:
    web = ruled(SignInRules(sessions=2, calls_per_minute=1_000_000))
    account = web.account(ANALYST)
    browsers = []
    for _ in range(3):
        web.clock.now += timedelta(seconds=1)
        browsers.append(web.signed_in(account))
    assert [one.get("/").status_code for one in browsers] == [303, 200, 200]

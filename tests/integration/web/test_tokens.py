"""API tokens: what they open, what they never open, and how they end."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from datetime import timedelta

import pytest
from starlette.testclient import TestClient
from tests.integration.web.conftest import Web

from headgate.core.accounts import Account
from headgate.core.errors import UsageError
from headgate.core.roles import Grant, Permission, Role
from headgate.core.tokens import LONGEST_TOKEN, may_be_token, token_text
from headgate.people import change_grants, set_disabled
from headgate.tokens import account_of_token, make_token, revoke_token
from headgate.web.tries import FREE_FAILURES, WINDOW, Tries

ANALYST, OPERATOR = Grant(role=Role.ANALYST), Grant(role=Role.OPERATOR, flow="sales")
SALES, RETAIL = "sales_batch_20261120_080000.json", "retail_20261120.csv"
TUS = {"Tus-Resumable": "1.0.0"}


def token(web: Web, account: Account, *permissions: Permission, flow: str = "") -> str:
    return make_token(web.site.people, account, "test", permissions or {Permission.SEE}, by="test", flow=flow)[0]


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def get(web: Web, secret: str, path: str = "/api/deliveries") -> int:
    return web.client().get(path, headers=bearer(secret)).status_code


def create(client: TestClient, name: str, headers: dict[str, str], method: str = "POST") -> int:
    metadata = {"Upload-Length": "9", "Upload-Metadata": f"filename {b64encode(name.encode()).decode()}"}
    return client.request(method, "/files", headers=TUS | metadata | headers).status_code


def test_a_token_reads_the_api_and_opens_no_page(web: Web) -> None:
    secret = token(web, web.account(ANALYST))
    assert get(web, secret) == 200
    assert get(web, secret, "/deliveries") == get(web, secret, "/me") == 303  # to sign in


def test_a_token_sends_files_of_its_flow(web: Web) -> None:
    account = web.account(Grant(role=Role.UPLOADER))
    headers = bearer(token(web, account, Permission.UPLOAD, flow="sales"))
    assert create(web.client(), SALES, headers) == 201
    assert create(web.client(), "no-flow-takes-this.bin", headers) == 403  # the account itself may
    assert create(web.client(), "no-flow-takes-this.bin", bearer(token(web, account, Permission.UPLOAD))) == 201
    assert create(web.client(), SALES, {}) == 401


def test_the_name_of_a_file_is_judged_however_it_is_sent(web: Web) -> None:
    headers = bearer(token(web, web.account(OPERATOR), Permission.UPLOAD))
    assert create(web.client(), "other.bin", headers) == 403
    assert create(web.client(), "other.bin", headers | {"X-HTTP-Method-Override": "POST"}, "PATCH") == 403
    final = {"Upload-Concat": f"final;/files/{'0' * 32}"}
    metadata = {"Upload-Metadata": f"filename {b64encode(b'other.bin').decode()}"}
    assert web.client().post("/files", headers=TUS | headers | final | metadata).status_code == 403


def test_a_token_may_what_it_names_and_no_more(web: Web) -> None:
    account = web.account(Grant(role=Role.ADMIN), Grant(role=Role.UPLOADER))
    sees = token(web, account, Permission.SEE)
    assert get(web, sees) == 200
    assert get(web, sees, "/api/events") == 403
    assert create(web.client(), SALES, bearer(sees)) == 403
    assert get(web, token(web, account, Permission.AUDIT), "/api/events") == 200


def test_a_token_for_a_flow_sees_no_other(web: Web) -> None:
    account = web.account(ANALYST)
    headers = bearer(token(web, account, flow="retail"))
    assert web.client().get("/api/deliveries", headers=headers).json()["deliveries"] == []
    everywhere = web.client().get("/api/deliveries", headers=bearer(token(web, account))).json()["deliveries"]
    assert len(everywhere) == 1
    assert web.client().get(f"/api/deliveries/{everywhere[0]['id']}", headers=headers).status_code == 404


def test_what_the_account_loses_its_token_loses(web: Web) -> None:
    account = web.account(ANALYST)
    secret = token(web, account)
    change_grants(web.site.people, account, [Grant(role=Role.UPLOADER)], by="test")
    assert get(web, secret) == 403
    change_grants(web.site.people, account, [ANALYST], by="test")
    assert get(web, secret) == 200
    set_disabled(web.site.people, account, disabled=True, by="test")
    assert get(web, secret) == 401


def test_tokens_that_do_not_do_are_told_in_the_same_words(web: Web) -> None:
    account = web.account(ANALYST)
    expired, (revoked, kept) = token(web, account), make_token(web.site.people, account, "x", {Permission.SEE}, by="")
    web.clock.now += timedelta(days=90)
    revoke_token(web.site.people, account, kept.id, by="test")
    unknown, mistyped = token_text(bytes(24)), expired[:-1] + ("0" if expired[-1] != "0" else "1")
    told = set()
    for secret in (expired, revoked, unknown, mistyped, "", "x" * 9000, "hgt_\u0660"):
        answer = web.client().get("/api/deliveries", headers={b"Authorization": f"Bearer {secret}".encode()})
        assert answer.status_code == 401
        told.add((answer.text, answer.headers["www-authenticate"]))
    assert len(told) == 1
    assert "Bearer" in told.pop()[1]


def test_an_api_call_of_nobody_is_asked_for_a_token(web: Web) -> None:
    for path in ("/api/deliveries", "/files/0"):
        answer = web.client().request("HEAD" if "files" in path else "GET", path, headers=TUS)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_where_both_come_the_token_counts(web: Web) -> None:
    admin = web.account(Grant(role=Role.ADMIN))
    client = web.signed_in(admin)
    assert client.get("/api/events").status_code == 200
    assert client.get("/api/events", headers=bearer(token(web, admin, Permission.SEE))).status_code == 403
    assert client.get("/api/events", headers=bearer("unknown")).status_code == 401
    assert client.get("/api/events", headers={"Authorization": "Basic eDp5"}).status_code == 200  # none of ours


def test_a_refused_token_is_an_event_where_it_is_known(web: Web) -> None:
    account = web.account(ANALYST)
    secret, kept = make_token(web.site.people, account, "x", {Permission.SEE}, by="test")
    web.clock.now += timedelta(days=90)
    size = web.site.platform.ledger.log_size()
    assert get(web, secret) == get(web, token_text(bytes(24))) == 401
    leaves = [json.loads(leaf) for leaf in web.site.platform.ledger.leaves(size)]
    assert [(leaf["type"], leaf["fields"]) for leaf in leaves] == [
        ("token_refused", {"account": account.id, "token": kept.id})
    ]


def test_who_tries_many_tokens_waits(web: Web) -> None:
    right = token(web, web.account(ANALYST))
    for _ in range(FREE_FAILURES):
        assert get(web, "hgt_wrong") == 401
    answer = web.client().get("/api/deliveries", headers=bearer(right))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    assert create(web.client(), SALES, bearer(right)) == 429
    web.clock.now += WINDOW
    assert get(web, right) == 200


def test_tries_are_counted_by_address(web: Web) -> None:
    tries, now = Tries(), web.clock.now
    for number in range(FREE_FAILURES):
        tries.failed(f"2001:db8::{number:x}", now)
        tries.failed("10.0.0.1", now + timedelta(seconds=number))
    assert tries.wait_s("2001:db8::ffff", now) == 60
    assert tries.wait_s("2001:db8:0:1::", now) == tries.wait_s("10.0.0.2", now) == 0
    assert tries.wait_s("10.0.0.1", now + timedelta(seconds=59.5)) == 1
    assert tries.wait_s("10.0.0.1", now + timedelta(seconds=60)) == 0


def test_a_use_is_noted_once_a_minute(web: Web) -> None:
    account = web.account(ANALYST)
    secret = token(web, account)

    def used() -> object:
        assert get(web, secret) == 200
        return web.site.people.accounts.tokens(account.id)[0].used_at

    first = web.clock.now
    assert used() == first
    web.clock.now += timedelta(seconds=59)
    assert used() == first
    web.clock.now += timedelta(seconds=1)
    assert used() == web.clock.now


def test_what_is_kept_signs_nobody_in(web: Web) -> None:
    account = web.account(ANALYST)
    secret, kept = make_token(web.site.people, account, "x", {Permission.SEE}, by="test")
    assert may_be_token(secret)
    assert secret not in repr(web.site.people.accounts.tokens(account.id))
    assert get(web, kept.sha256) == get(web, kept.id) == 401
    assert secret not in b"".join(web.site.platform.ledger.leaves()).decode()


def test_a_token_without_the_web(web: Web) -> None:
    """As commands use it."""
    account = web.account(ANALYST, OPERATOR)
    secret, kept = make_token(web.site.people, account, "x", {Permission.SEE}, by="test", flow="sales")
    found = account_of_token(web.site.people, secret)
    assert found is not None
    assert (found[0].id, found[1].id) == (account.id, kept.id)
    assert [(str(grant), *grant.permissions()) for grant in found[0].grants] == [
        ("analyst:sales", Permission.SEE),
        ("operator:sales", Permission.SEE),
    ]
    assert account_of_token(web.site.people, "made up") is None


@pytest.mark.parametrize(
    ("name", "permissions", "flow", "days"),
    [
        ("", {Permission.SEE}, "", 1),
        ("a\nb", {Permission.SEE}, "", 1),
        ("x" * 61, {Permission.SEE}, "", 1),
        ("x", set(), "", 1),
        ("x", {Permission.DECIDE}, "", 1),
        ("x", {Permission.UPLOAD}, "retail", 1),
        ("x", {Permission.SEE}, "", 0),
        ("x", {Permission.SEE}, "", LONGEST_TOKEN.days + 1),
    ],
)
def test_tokens_that_cannot_be_made(web: Web, name: str, permissions: set[Permission], flow: str, days: int) -> None:
    account = web.account(ANALYST, OPERATOR)
    with pytest.raises(UsageError):
        make_token(web.site.people, account, name, permissions, by="test", flow=flow, length=timedelta(days=days))
    assert web.site.people.accounts.tokens(account.id) == []


def test_a_token_is_made_and_revoked_on_the_page(web: Web) -> None:
    account = web.account(ANALYST)
    client, form = web.signed_in(account), {"csrf": web.csrf(account)}
    made = client.post("/me/tokens", data=form | {"name": "nightly", "may": ["see", "query"], "days": "7"})
    assert made.status_code == 200
    found = re.search(r"hgt_[0-9A-Za-z]+", made.text)
    assert found is not None
    assert get(web, found[0]) == 200
    assert found[0] not in client.get("/me").text  # shown once
    (kept,) = web.site.people.accounts.tokens(account.id)
    assert (kept.permissions, kept.expires_at) == (
        (Permission.QUERY, Permission.SEE),
        web.clock.now + timedelta(days=7),
    )
    other = web.account(ANALYST)
    at_another = web.signed_in(other)
    assert at_another.post(f"/me/tokens/{kept.id}/revoke", data={"csrf": web.csrf(other)}).status_code == 404
    assert get(web, found[0]) == 200
    assert client.post(f"/me/tokens/{kept.id}/revoke", data=form).status_code == 303
    assert get(web, found[0]) == 401


@pytest.mark.parametrize("form", [{"name": "x"}, {"name": " ", "may": "see"}, {"name": "x", "may": "decide"}])
def test_a_form_that_makes_no_token(web: Web, form: dict[str, str]) -> None:
    account = web.account(ANALYST)
    answer = web.signed_in(account).post("/me/tokens", data={"csrf": web.csrf(account)} | form)
    assert answer.status_code == 400
    assert "No token was made" in answer.text
    assert web.site.people.accounts.tokens(account.id) == []

"""Every route has a permission, and every role gets what it gives and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from tests.integration.web.conftest import Web

from headgate.core.ports import DeliveryFilter
from headgate.core.roles import PERMISSIONS, Grant, Permission, Role
from headgate.web.app import ROUTES

PUBLIC = {
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("POST", "/sign-in/code"),
    ("GET", "/sign-in/oidc"),
    ("GET", "/sign-in/oidc/callback"),
    ("GET", "/sign-in/ended"),
    ("GET", "/link/{secret}"),
    ("POST", "/link/{secret}"),
    ("GET", "/send/{secret}"),
    ("POST", "/send/{secret}"),
    ("POST", "/send/{secret}/answers"),
    ("GET", "/send/{secret}/receipts/{upload}"),
    ("GET", "/send/{secret}/rows/{upload}"),
    ("GET", "/send/{secret}/public.json"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
}
OWN = {
    ("POST", "/sign-out"),
    ("GET", "/me"),
    ("GET", "/api/openapi.json"),
    ("GET", "/api/me/waiting"),
    ("POST", "/me/password"),
    ("POST", "/me/sessions/{session}/end"),
    ("POST", "/me/tokens"),
    ("GET", "/me/second-factor"),
    ("POST", "/me/second-factor"),
    ("POST", "/me/second-factor/confirm"),
    ("POST", "/me/second-factor/off"),
    ("POST", "/me/tokens/{token}/revoke"),
}
"""For whoever is signed in, about nobody else."""


def routes() -> Iterator[tuple[str, str, Permission | None, bool]]:
    """Method, path, the permission that it asks for, and whether it asks for the session's own form."""
    for route in (one for routes in ROUTES for one in routes.routes):
        if isinstance(route, APIRoute):
            asked = list(_asked(route.dependant))
            permissions = {call.permission for call in asked if call.permission is not None}
            assert len(permissions) <= 1, route.path
            for method in route.methods or ():
                yield method, route.path, next(iter(permissions), None), any(hasattr(c, "changes") for c in asked)


def _asked(dependant: Dependant) -> Iterator[Any]:
    for inner in dependant.dependencies:
        if hasattr(inner.call, "permission"):
            yield inner.call
        yield from _asked(inner)


def filled(path: str, delivery: str) -> str:
    """The path with something in its places that may be there."""
    values = {"delivery": delivery, "number": "1", "flow": "sales", "table": "sales.silver.transactions"}
    return re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], "a-none"), path)


@pytest.fixture
def delivery(web: Web) -> str:
    (one,) = web.site.platform.ledger.deliveries(DeliveryFilter())
    return one.id


def test_the_application_has_no_other_routes(web: Web) -> None:
    others = [route for route in web.app.routes if getattr(route, "original_router", None) not in ROUTES]
    assert [getattr(route, "name", "") for route in others] == ["", "static"]
    protocol = others[0].original_router  # type: ignore[attr-defined]
    assert {route.path for route in protocol.routes} == {"/files", "/files/", "/files/{upload_id}"}


def test_every_route_asks_for_a_permission() -> None:
    told = {(method, path): permission for method, path, permission, _ in routes()}
    assert len(told) > 15
    assert {route for route, permission in told.items() if permission is None} == PUBLIC | OWN


def test_every_change_asks_for_the_sessions_own_form() -> None:
    unsafe = [(method, path, own) for method, path, _, own in routes() if method not in {"GET", "HEAD"}]
    assert len(unsafe) > 5
    assert {(method, path) for method, path, own in unsafe if not own} <= PUBLIC


def test_nobody_gets_in_without_a_session(web: Web, delivery: str) -> None:
    client = web.client()
    for method, path, _, _ in routes():
        if (method, path) in PUBLIC:
            continue
        answer = client.request(method, filled(path, delivery))
        if path.startswith("/api/"):
            assert (answer.status_code, set(answer.json())) == (401, {"error"}), path
        else:
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/sign-in?to="), path


@pytest.mark.parametrize("role", list(Role))
def test_a_role_opens_what_it_gives_and_nothing_else(web: Web, delivery: str, role: Role) -> None:
    account = web.account(Grant(role=role))
    client = web.signed_in(account)
    form, own = {"csrf": web.csrf(account)}, {"X-Headgate-CSRF": web.csrf(account)}
    before = web.site.platform.ledger.log_size()
    refused = 0
    for method, path, permission, _ in routes():
        if permission is None:
            continue
        answer = client.request(method, filled(path, delivery), data=form if method == "POST" else None, headers=own)
        allowed = permission in PERMISSIONS[role]
        assert (answer.status_code != 403) == allowed, (method, path, answer.status_code)
        assert answer.status_code < 500, (method, path)
        refused += not allowed
    assert refused > 3 or role is Role.ADMIN
    leaves = [json.loads(leaf) for leaf in web.site.platform.ledger.leaves(before)]
    told = [leaf["fields"] for leaf in leaves if leaf["type"] == "access_refused"]
    assert [one["account"] for one in told] == [account.id] * refused
    assert all(one["route"].startswith("/") for one in told)
    assert delivery not in json.dumps(told)


@pytest.mark.parametrize("method_of_change", ["POST"])
def test_no_change_without_the_sessions_own_form(web: Web, delivery: str, method_of_change: str) -> None:
    admin = web.account(Grant(role=Role.ADMIN))
    client = web.signed_in(admin)
    other = web.account()
    web.signed_in(other)
    size = web.site.platform.ledger.log_size()
    tried = 0
    for method, path, _, own in routes():
        if method != method_of_change or not own:
            continue
        for form in ({}, {"csrf": ""}, {"csrf": "x" * 64}, {"csrf": web.csrf(other)}):
            header = {"X-Headgate-CSRF": form.get("csrf", "")}
            assert client.post(filled(path, delivery), data=form, headers=header).status_code == 403, (path, form)
            tried += 1
    assert tried > 10
    leaves = [json.loads(leaf) for leaf in web.site.platform.ledger.leaves(size)]  # nothing was done, and each is told
    assert {(one["type"], one["fields"]["reason"]) for one in leaves} == {("access_refused", "form")}
    assert [one["fields"]["account"] for one in leaves] == [admin.id] * tried


def test_who_sees_one_flow_sees_no_delivery_of_another(web: Web, delivery: str) -> None:
    client = web.signed_in(web.account(Grant(role=Role.ANALYST, flow="retail")))
    assert "No delivery" in client.get("/deliveries").text or delivery not in client.get("/deliveries").text
    assert client.get("/api/deliveries").json() == {"deliveries": [], "next": None}
    for path in (f"/deliveries/{delivery}", f"/api/deliveries/{delivery}", f"/deliveries/{delivery}/receipts/1"):
        assert client.get(path).status_code == 404, path
    assert "sales" not in client.get("/").text
    seeing = web.signed_in(web.account(Grant(role=Role.ANALYST, flow="sales")))
    assert seeing.get(f"/deliveries/{delivery}").status_code == 200


def test_a_role_that_is_taken_away_counts_at_once(web: Web) -> None:
    admin, other = web.account(Grant(role=Role.ADMIN)), web.account(Grant(role=Role.ANALYST))
    at_work, client = web.signed_in(admin), web.signed_in(other)
    assert client.get("/deliveries").status_code == 200
    form = {"csrf": web.csrf(admin), "roles": "uploader"}
    assert at_work.post(f"/accounts/{other.id}/roles", data=form).status_code == 303
    assert client.get("/deliveries").status_code == 403

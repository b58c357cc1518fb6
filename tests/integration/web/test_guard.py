"""What holds for every request and every answer."""

from __future__ import annotations

import json
import re

import pytest
from tests.integration.web.conftest import HOST, Web
from tests.integration.web.test_roles import PUBLIC, routes

from headgate.core.roles import Grant, Role
from headgate.web.guard import HEADERS, MOST_BODY_BYTES


def test_every_answer_has_the_headers(web: Web) -> None:
    client = web.signed_in(web.account(Grant(role=Role.ADMIN)))
    for path in ("/", "/sign-in", "/deliveries", "/static/headgate.css", "/none", "/healthz"):
        answer = client.get(path)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, (path, name)
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert client.get("/").headers["Cache-Control"] == "no-store"


def test_a_fault_of_ours_is_told_as_one(web: Web, caplog: pytest.LogCaptureFixture) -> None:
    @web.app.get("/fault")
    def fault() -> None:
        raise ZeroDivisionError("not for the browser")

    answer = web.client().get("/fault")
    assert (answer.status_code, "ZeroDivisionError" in answer.text) == (500, False)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "not for the browser" in caplog.text


def test_no_page_holds_a_script_or_a_style_of_its_own(web: Web) -> None:
    client = web.signed_in(web.account(Grant(role=Role.ADMIN)))
    for path in ("/", "/deliveries", "/accounts", "/me", "/sign-in", "/none"):
        text = client.get(path).text
        assert " style=" not in text, path
        assert "<style" not in text, path
        assert " onclick=" not in text, path
        assert text.count("<script") == text.count('<script src="/static/'), path


@pytest.mark.parametrize("host", ["evil.example", "", "lake.example.org.evil.example", "[", "127.0.0.1"])
def test_another_name_is_not_served(web: Web, host: str) -> None:
    assert web.client().get("/healthz", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", [HOST, f"{HOST}:8443", HOST.upper()])
def test_its_own_name_is(web: Web, host: str) -> None:
    assert web.client().get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_site_cannot_send_a_form(web: Web, headers: dict[str, str]) -> None:
    account = web.account(Grant(role=Role.ADMIN))
    client = web.signed_in(account)
    size = web.site.platform.ledger.log_size()
    answer = client.post("/sign-out", data={"csrf": web.csrf(account)}, headers=headers)
    assert answer.status_code == 403
    assert client.get("/").status_code == 200
    assert web.client().post("/sign-out", headers=headers).status_code == 403  # what nobody's session came with
    (leaf,) = [json.loads(leaf) for leaf in web.site.platform.ledger.leaves(size)]
    assert (leaf["type"], leaf["fields"]["reason"]) == ("access_refused", "other_site")
    assert leaf["fields"]["account"] == account.id


def test_its_own_site_can(web: Web) -> None:
    account = web.account(Grant(role=Role.ADMIN))
    client = web.signed_in(account)
    headers = {"Sec-Fetch-Site": "same-origin", "Origin": f"https://{HOST}"}
    assert client.post("/sign-out", data={"csrf": web.csrf(account)}, headers=headers).status_code == 303


def test_every_page_shows_the_way_out(web: Web) -> None:
    account = web.account(*(Grant(role=role) for role in Role))
    client = web.signed_in(account)
    shown = 0
    for method, path, _, _ in routes():
        if method != "GET" or (method, path) in PUBLIC or "{" in path:
            continue
        answer = client.get(path)
        if answer.status_code == 200 and "</html>" in answer.text:
            form = re.search(r'<form method="post" action="/sign-out">.*?</form>', answer.text)
            assert form is not None, path
            assert web.csrf(account) in form[0], path
            shown += 1
    assert shown > 8
    answer = client.post("/sign-out", data={"csrf": web.csrf(account)})
    assert answer.headers["Clear-Site-Data"] == '"cache"'
    assert "sign-out" not in client.get("/sign-in").text


def test_a_body_that_says_it_is_too_large(web: Web) -> None:
    assert web.client().post("/sign-in", content=b"x" * (MOST_BODY_BYTES + 1)).status_code == 413


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"]
)
def test_static_files_are_only_those(web: Web, path: str) -> None:
    assert web.client().get(path).status_code == 404


@pytest.mark.parametrize("id_", ["d-", "d-zz", "x", "d-0000", "<script>alert(1)</script>", "d-%00", "a" * 5000])
def test_a_delivery_that_is_none(web: Web, id_: str) -> None:
    client = web.signed_in(web.account(Grant(role=Role.ADMIN)))
    answer = client.get(f"/deliveries/{id_}")
    assert answer.status_code in {400, 404}
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    "q", ["%", "_", "!", "'; DROP TABLE deliveries; --", "sales_batch", "SALES", "d-", "\x00x", "é"]
)
def test_any_text_can_be_looked_for(web: Web, q: str) -> None:
    client = web.signed_in(web.account(Grant(role=Role.ADMIN)))
    found = client.get("/api/deliveries", params={"q": q})
    assert found.status_code == 200
    assert len(found.json()["deliveries"]) == (1 if q in {"_", "sales_batch", "SALES"} else 0)

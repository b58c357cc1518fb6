"""What somebody hostile sends: bodies without end, headers and paths with more in them, a page that frames ours.

What is shown elsewhere: forms from other sites (`test_guard`, `test_roles`), sessions that are handed in
(`test_sign_in`), names and addresses of uploads (`tests/integration/uploads/test_connections`).
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.harness.own_loop import in_own_loop
from tests.harness.project import all_deliveries
from tests.integration.web.conftest import HOST, Web

from headgate.core.roles import Grant, Role
from headgate.web import guard

ADMIN = Grant(role=Role.ADMIN)


def call(web: Web, pieces: list[bytes], *, pause_s: float = 0.0, length: int | None = None) -> tuple[int, int, str]:
    """A sign-in whose body comes piece by piece and never ends; status, pieces taken, and what was said."""
    headers = {"host": HOST, "content-type": "application/x-www-form-urlencoded"}
    headers |= {} if length is None else {"content-length": str(length)}
    scope = {
        "type": "http", "method": "POST", "path": "/sign-in", "raw_path": b"/sign-in", "query_string": b"",
        "root_path": "", "scheme": "https", "server": (HOST, 443), "client": ("127.0.0.1", 1), "http_version": "1.1",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    taken = 0
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        nonlocal taken
        await asyncio.sleep(pause_s)
        taken += 1
        return {"type": "http.request", "body": pieces[(taken - 1) % len(pieces)], "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def run() -> None:
        async with asyncio.timeout(20):
            await web.app(scope, receive, send)  # type: ignore[arg-type]

    in_own_loop(run())
    said = b"".join(message.get("body", b"") for message in sent[1:]).decode()
    return (sent[0]["status"] if sent else 0), taken, said


def test_a_body_without_end_is_not_read_to_its_end(web: Web) -> None:
    status, taken, said = call(web, [b"x" * 65_536])
    assert status in {0, 400, 413}
    assert taken <= guard.MOST_BODY_BYTES // 65_536 + 2
    assert "Traceback" not in said


def test_a_body_that_says_a_smaller_length_is_not_believed(web: Web) -> None:
    _, taken, _ = call(web, [b"x" * 65_536], length=10)
    assert taken <= guard.MOST_BODY_BYTES // 65_536 + 2


def test_a_body_that_does_not_come_is_given_up(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SLOWEST_S", 0.2)
    status, taken, _ = call(web, [b"n"], pause_s=30.0)
    assert (status in {0, 400}, taken) == (True, 0)


@pytest.mark.parametrize("length", ["-1", "1e9", "0x10", "", " 5", "\u0661", "9" * 30])
def test_a_length_that_is_none_or_too_large(web: Web, length: str) -> None:
    answer = web.client().post("/sign-in", content=b"", headers=[(b"Content-Length", length.encode())])
    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/", "/sign-in", "/none", "/api/flows", "/api/none", "/healthz", "/static/live.js"])
def test_no_answer_can_be_framed(web: Web, path: str) -> None:
    for client in (web.client(), web.signed_in(web.account(ADMIN))):
        for headers in ({}, {"Host": "evil.example"}):
            answer = client.get(path, headers=headers)
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "TRACK", "DEBUG", "PROPFIND"])
def test_no_method_but_those_of_a_route(web: Web, method: str) -> None:
    client = web.signed_in(web.account(ADMIN))
    assert client.request(method, "/").status_code in {400, 405}


@pytest.mark.parametrize(
    "ending", ["\r\nSet-Cookie: a=b", "%0d%0aSet-Cookie:%20a=b", "\n\nx", "\u560a\u560dSet-Cookie:a"]
)
def test_no_header_is_put_in_by_a_query(web: Web, ending: str) -> None:
    client = web.client()
    for answer in (
        client.get("/deliveries", params={"q": ending}),
        client.get("/sign-in", params={"to": f"/{ending}"}),
        client.post("/sign-in", data={"to": f"/{ending}", "name": "x", "password": "y"}),
    ):
        assert "a=b" not in answer.headers.get("set-cookie", "")
        assert not any("\n" in value or "\r" in value for value in answer.headers.values())
        assert answer.status_code < 500


@pytest.mark.parametrize(
    "id_",
    ["..%2f..%2fledger.db", "%2e%2e%2fkeys%2fpublic.json", "..", "d-17aa605e12450d99%00", "d-17aa%2f..%2f..%2fkeys"],
)
def test_no_path_leads_to_another_file(web: Web, id_: str) -> None:
    client = web.signed_in(web.account(ADMIN))
    for path in (f"/deliveries/{id_}/receipts/1", f"/api/deliveries/{id_}/receipts/1", f"/api/flows/{id_}/report"):
        answer = client.get(path)
        assert answer.status_code in {404, 422}, path
        assert b"SQLite" not in answer.content


@pytest.mark.parametrize("number", ["0", "-1", "1%2f..%2f..%2fkeys", "9" * 40])
def test_no_number_of_a_receipt_leads_elsewhere(web: Web, number: str) -> None:
    one = all_deliveries(web.site.platform)[0]
    client = web.signed_in(web.account(ADMIN))
    for prefix in ("", "/api"):
        assert client.get(f"{prefix}/deliveries/{one.id}/receipts/{number}").status_code in {404, 422}


def test_what_is_downloaded_is_named_by_us(web: Web) -> None:
    one = all_deliveries(web.site.platform)[0]
    client = web.signed_in(web.account(ADMIN))
    answer = client.get(f"/deliveries/{one.id}/receipts/1")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{one.id}.json"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_no_other_origin_may_read_answers(web: Web) -> None:
    client = web.signed_in(web.account(ADMIN))
    for method in ("GET", "OPTIONS"):
        answer = client.request(method, "/api/flows", headers={"Origin": "https://evil.example"})
        assert not any(name.lower().startswith("access-control-") for name in answer.headers)


def test_a_parameter_that_comes_twice_counts_once(web: Web) -> None:
    client = web.signed_in(web.account(Grant(role=Role.ANALYST, flow="retail")))
    found = client.get("/api/deliveries?flow=retail&flow=sales").json()
    assert found["deliveries"] == []

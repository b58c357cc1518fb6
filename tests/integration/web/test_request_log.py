"""Requests in the log of the process: by the pattern of their route, and nothing that is secret."""

from __future__ import annotations

import logging

import msgspec
import pytest
from tests.harness.otlp_receiver import receiving
from tests.integration.web.conftest import Web

from headgate.adapters.opentelemetry_telemetry import OpenTelemetry
from headgate.cli.log_lines import JsonLines
from headgate.core.accounts import Purpose
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Role
from headgate.people import make_link


def requests(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.getMessage() == "request"]


def told(record: logging.LogRecord) -> dict[str, object]:
    return {name: vars(record).get(name) for name in ("method", "route", "status", "account")}


def test_a_request_is_a_line_with_its_account(web: Web, caplog: pytest.LogCaptureFixture) -> None:
    account = web.account(Grant(role=Role.ADMIN))
    client = web.signed_in(account)
    caplog.set_level(logging.DEBUG, "headgate")
    client.get("/deliveries/d-0123456789abcdef?q=secret-query")
    client.get("/no/such/page")
    client.get("/static/headgate.css")
    client.get("/", headers={"Host": "evil.example"})
    assert [told(record) for record in requests(caplog)] == [
        {"method": "GET", "route": "/deliveries/{delivery}", "status": 404, "account": account.id},
        {"method": "GET", "route": "none", "status": 404, "account": None},
        {"method": "GET", "route": "/static", "status": 200, "account": None},
        {"method": "GET", "route": "none", "status": 400, "account": None},
    ]
    assert [record.levelname for record in requests(caplog)] == ["INFO", "INFO", "DEBUG", "INFO"]


def test_no_secret_is_in_a_line(web: Web, caplog: pytest.LogCaptureFixture) -> None:
    account = web.account(Grant(role=Role.ADMIN))
    caplog.set_level(logging.DEBUG)
    secret = make_link(web.site.people, account, Purpose.SIGN_IN, by="test")
    client = web.client()
    client.get(f"/link/{secret}")
    client.post(f"/link/{secret}")
    client.post("/sign-in", data={"name": account.name, "password": "a wrong password"})
    client.get("/deliveries", params={"q": "sales_batch_secret.json"})
    lines = "\n".join(JsonLines().format(record) for record in requests(caplog))
    cookie = client.cookies.get(web.site.cookie)
    assert cookie
    for hidden in (secret, cookie, account.name, "a wrong password", "sales_batch_secret"):
        assert hidden not in lines
    assert "/link/{secret}" in lines


def test_a_request_is_a_span_and_a_strangers_trace_is_not_believed(web: Web) -> None:
    with receiving() as receiver:
        telemetry = OpenTelemetry(endpoint=receiver.url, project="proof", version="0")
        site = msgspec.structs.replace(web.site, platform=replace(web.site.platform, telemetry=telemetry))
        made = Web(site, web.clock)
        account = made.account(Grant(role=Role.ADMIN))
        foreign = "0af7651916cd43dd8448eb211c80319c"
        made.signed_in(account).get(
            "/deliveries?q=secret-query", headers={"traceparent": f"00-{foreign}-b7ad6b7169203331-01"}
        )
        telemetry.close()
    (span,) = receiver.named("GET /deliveries")
    assert (span.trace != foreign, span.parent, span.failed) == (True, "", False)
    assert span.attributes == {
        "http.request.method": "GET",
        "http.route": "/deliveries",
        "http.response.status_code": 200,
        "headgate.account": account.id,
    }
    assert b"secret-query" not in receiver.raw
    assert "http.server.request.duration" in receiver.figures

"""Requests in the log of the process: by the pattern of their route, and nothing that is secret."""

from __future__ import annotations

import logging
import os
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from starlette.testclient import TestClient
from tests.harness.otlp_receiver import receiving
from tests.integration.web.conftest import Web

from headgate.adapters.opentelemetry_telemetry import OpenTelemetry
from headgate.cli.log_lines import JsonLines
from headgate.core.accounts import Purpose
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Role
from headgate.people import make_link
from headgate.uploading import taker
from headgate.uploads.store import UploadStore


@pytest.fixture
def make_traced(web: Web, tmp_path: Path) -> Iterator[Callable[[str], Web]]:
    """The same application, with its requests and landings told to a receiver."""
    stores: list[UploadStore] = []

    def made(url: str) -> Web:
        telemetry = OpenTelemetry(endpoint=url, project="proof", version="0")
        platform = replace(web.site.platform, telemetry=telemetry)
        take = taker(platform, web.site.people, web.site.links, lambda: None)
        stores.append(UploadStore(tmp_path / "uploads", take=take, clock=web.clock, random_bytes=os.urandom))
        return Web(msgspec.structs.replace(web.site, platform=platform, uploads=stores[-1]), web.clock)

    yield made
    for store in stores:
        store.close()


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


def test_a_request_is_a_span_and_a_strangers_trace_is_not_believed(make_traced: Callable[[str], Web]) -> None:
    with receiving() as receiver:
        made = make_traced(receiver.url)
        account = made.account(Grant(role=Role.ADMIN))
        foreign = "0af7651916cd43dd8448eb211c80319c"
        made.signed_in(account).get(
            "/deliveries?q=secret-query", headers={"traceparent": f"00-{foreign}-b7ad6b7169203331-01"}
        )
        made.site.platform.telemetry.close()
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


def test_an_upload_is_a_span_with_its_landing_in_it(make_traced: Callable[[str], Web]) -> None:
    with receiving() as receiver:
        made = make_traced(receiver.url)
        account = made.account(Grant(role=Role.UPLOADER))
        client = made.signed_in(account)
        form = {"csrf": made.csrf(account)}
        name = "sales_batch_20261119_010203.json"
        content = b'{"batch_id": "b-9", "transaction_count": 0, "transactions": []}'
        assert client.post("/upload", data=form, files={"file": (name, content)}).status_code == 303
        (begun,) = send_by_tus(client, "sales_batch_20261119_010204.json", content + b"\n")
        made.site.platform.telemetry.close()
    landings = receiver.named("land")
    parents = {span.id: span.name for span in receiver.spans}
    assert [parents[span.parent] for span in landings] == ["POST /upload", "PATCH /files/{upload_id}"]
    (patched,) = receiver.named("PATCH /files/{upload_id}")
    assert patched.attributes["headgate.account"] == account.id
    assert begun.encode() not in receiver.raw  # the address of an upload
    assert name.encode() not in receiver.raw


def send_by_tus(client: TestClient, name: str, content: bytes) -> list[str]:
    """The ids of the uploads that a tus client began and filled."""
    headers = {"Tus-Resumable": "1.0.0", "Sec-Fetch-Site": "same-origin"}
    told = {"Upload-Length": str(len(content)), "Upload-Metadata": f"filename {b64encode(name.encode()).decode()}"}
    begun = client.post("/files", headers=headers | told)
    place = begun.headers["location"].rpartition("/")[2]
    of_bytes = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert client.patch(f"/files/{place}", headers=headers | of_bytes, content=content).status_code == 204
    return [place]

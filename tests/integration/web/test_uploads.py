"""Who may send which file, and that it lands once, under its sender's name."""

from __future__ import annotations

import gzip
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.harness.project import make_project, open_project
from tests.integration.web.conftest import Web

from headgate import pipeline
from headgate.adapters.sqlite_upload_links import SqliteUploadLinks
from headgate.core.accounts import Account
from headgate.core.ports import DeliveryFilter
from headgate.core.reasons import ReasonCode
from headgate.core.records import Delivery
from headgate.core.roles import Grant, Role
from headgate.core.states import DeliveryState
from headgate.uploading import taker
from headgate.uploads.records import Upload

SALES = "sales_batch_20261120_080000.json"
TUS = {"Tus-Resumable": "1.0.0"}
UPLOADER = Grant(role=Role.UPLOADER, flow="sales")


def create(client: TestClient, name: str, length: int) -> tuple[int, str]:
    """Status and place of a new upload."""
    metadata = f"filename {b64encode(name.encode()).decode()}"
    answer = client.post("/files", headers={**TUS, "Upload-Length": str(length), "Upload-Metadata": metadata})
    return answer.status_code, f"/{answer.headers.get('location', '')}"


def send(client: TestClient, name: str, content: bytes) -> int:
    status, place = create(client, name, len(content))
    assert status == 201
    headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    return client.patch(place, headers=headers, content=content).status_code


def sent_by(web: Web, account: Account) -> list[Delivery]:
    return web.site.platform.ledger.deliveries(DeliveryFilter(sender=account.name))


def document(number: int) -> bytes:
    return f'{{"transactions": [], "transaction_count": 0, "batch_id": "b-{number}"}}'.encode()


def test_a_file_that_is_sent_lands(web: Web) -> None:
    account = web.account(UPLOADER)
    client = web.signed_in(account)
    assert send(client, SALES, document(1)) == 204
    (landed,) = sent_by(web, account)
    assert (landed.name, landed.flow, landed.size_bytes) == (SALES, "sales", len(document(1)))
    assert SALES in client.get("/upload").text


def test_the_same_upload_once_more_lands_nothing(web: Web, tmp_path: Path) -> None:
    """As after a kill between landing and the note that it was taken."""
    account = web.account(UPLOADER)
    place = tmp_path / "bytes"
    place.write_bytes(document(2))
    came: list[int] = []
    take = taker(web.site.platform, web.site.people, web.site.links, lambda: came.append(1))
    upload = Upload(
        upload_id="0" * 32,
        owner=account.id,
        created_at=web.clock.now,
        expires_at=web.clock.now,
        length_bytes=place.stat().st_size,
        metadata={"filename": SALES},
    )
    for _ in range(3):
        take(upload, place, sha256(document(2)).hexdigest())
    assert [one.origin for one in sent_by(web, account)] == [str(place)]
    assert len(came) == 3


def test_nobody_sends_without_a_session(web: Web) -> None:
    client = web.client()
    assert create(client, SALES, 10)[0] == 401
    for method in ("HEAD", "PATCH", "DELETE"):
        assert client.request(method, f"/files/{'0' * 32}", headers=TUS).status_code == 401


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.UPLOADER, Role.OPERATOR}])
def test_roles_that_may_not_send(web: Web, role: Role) -> None:
    before = web.site.platform.ledger.log_size()
    client = web.signed_in(web.account(Grant(role=role)))
    assert create(client, SALES, 10)[0] == 403
    assert client.get("/upload").status_code == 403
    assert web.site.platform.ledger.log_size() >= before + 2


@pytest.mark.parametrize("name", ["online_retail_2010.csv", "anything.bin"])
def test_files_of_other_flows_and_of_none(web: Web, name: str) -> None:
    client = web.signed_in(web.account(UPLOADER))
    assert create(client, name, 10)[0] == 403


def test_who_may_send_everywhere_may_send_what_no_flow_takes(web: Web) -> None:
    account = web.account(Grant(role=Role.OPERATOR))
    assert send(web.signed_in(account), "anything.bin", b"0123456789") == 204
    assert [one.flow for one in sent_by(web, account)] == [None]


def test_another_account_does_not_see_an_upload(web: Web) -> None:
    first, second = web.signed_in(web.account(UPLOADER)), web.signed_in(web.account(UPLOADER))
    _, place = create(first, SALES, 10)
    assert first.head(place, headers=TUS).status_code == 200
    for method in ("HEAD", "DELETE"):
        assert second.request(method, place, headers=TUS).status_code == 404
    assert first.delete(place, headers=TUS).status_code == 204


def test_a_role_that_is_taken_away_ends_an_upload_in_the_middle(web: Web) -> None:
    admin, account = web.account(Grant(role=Role.ADMIN)), web.account(UPLOADER)
    client, at_work = web.signed_in(account), web.signed_in(admin)
    _, place = create(client, SALES, 10)
    at_work.post(f"/accounts/{account.id}/roles", data={"csrf": web.csrf(admin), "roles": ""})
    headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert client.patch(place, headers=headers, content=b"0123456789").status_code == 403


def test_another_site_cannot_send(web: Web) -> None:
    client = web.signed_in(web.account(UPLOADER))
    answer = client.post("/files", headers={**TUS, "Upload-Length": "1", "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_the_plain_form(web: Web) -> None:
    account = web.account(UPLOADER)
    client = web.signed_in(account)
    form = {"csrf": web.csrf(account)}
    sent = client.post("/upload", data=form, files={"file": (SALES, document(3))})
    assert sent.status_code == 303
    assert [one.name for one in sent_by(web, account)] == [SALES]
    other = client.post("/upload", data=form, files={"file": ("other.csv", b"a,b")})
    assert (other.status_code, "You may not send" in other.text) == (400, True)
    assert client.post("/upload", data={"csrf": "x"}, files={"file": (SALES, b"x")}).status_code == 403
    assert len(sent_by(web, account)) == 1


def test_what_unpacks_to_too_much_is_refused(tmp_path: Path, web: Web) -> None:
    """The flow's own limit holds for what is sent: 8 MiB of blanks in 8 KiB."""
    folder = make_project(tmp_path / "bomb", "sales")
    place = folder / "flows" / "sales" / "flow.yaml"
    text = place.read_text(encoding="utf-8")
    place.write_text(text.replace("source:\n", "source:\n  max_unpacked: 1 MiB\n", 1), encoding="utf-8")
    platform = open_project(folder)
    packed = tmp_path / "bytes"
    packed.write_bytes(gzip.compress(b'{"transactions": [' + b" " * (8 << 20) + b"]}"))
    account = web.account(UPLOADER)
    links = SqliteUploadLinks(f"sqlite:///{folder}/ledger.db")
    upload = Upload(
        upload_id="1" * 32,
        owner=account.id,
        created_at=web.clock.now,
        expires_at=web.clock.now,
        length_bytes=packed.stat().st_size,
        metadata={"filename": f"{SALES}.gz"},
    )
    taker(platform, web.site.people, links, lambda: None)(upload, packed, sha256(packed.read_bytes()).hexdigest())
    pipeline.work(platform)
    (one,) = platform.ledger.deliveries(DeliveryFilter())
    assert (one.state, one.facts["refused"]) == (DeliveryState.REFUSED, ReasonCode.UNPACKED_TOO_LARGE.value)
    links.close()
    platform.close()


def test_the_page_tells_what_is_not_whole_and_why_a_file_was_refused(web: Web) -> None:
    account = web.account(UPLOADER)
    client = web.signed_in(account)
    create(client, SALES, 1_000)
    digest = b64encode(b"0" * 64).decode()
    name = b64encode(b"sales_batch_refused.json").decode()
    headers = {**TUS, "Upload-Length": "5", "Upload-Metadata": f"filename {name},sha256 {digest}"}
    place = f"/{client.post('/files', headers=headers).headers['location']}"
    headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    assert client.patch(place, headers=headers, content=b"hello").status_code == 422
    text = client.get("/upload").text
    assert "0 of 1,000 bytes are safe here" in text
    assert "and the sender says 0000" in text
    assert "sales_batch_refused.json" not in web.signed_in(web.account(UPLOADER)).get("/upload").text

"""Links for outsiders: what they may send, that limits hold, and that they see their own files and nothing else."""

from __future__ import annotations

import json
import re
import sqlite3
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.harness.project import make_sales
from tests.integration.web.conftest import DAY_BYTES, Web

from headgate import pipeline
from headgate.core.errors import UploadRefusedError
from headgate.core.ports import DeliveryFilter
from headgate.core.records import Delivery
from headgate.core.roles import Grant, Role
from headgate.core.upload_links import SentUpload, UploadLink
from headgate.upload_admission import let_go_lost
from headgate.upload_links import WantedLink, make_upload_link
from headgate.uploading import taker
from headgate.uploads.records import NewUpload, Upload

TUS = {"Tus-Resumable": "1.0.0"}
NAME = "sales_batch_20261121_080000.json"
MUCH = 1 << 30


def make(web: Web, *, files: int = 5, size_bytes: int = MUCH, patterns: tuple[str, ...] = ()) -> tuple[UploadLink, str]:
    """A link and its secret, made by an account that is its label's maker alone."""
    site = web.site
    wanted = WantedLink(
        flow="sales",
        label="Harbour Stores",
        length=timedelta(days=3),
        most_files=files,
        most_bytes=size_bytes,
        patterns=patterns,
    )
    return make_upload_link(
        wanted,
        list(site.platform.flows.values()),
        site.links,
        site.people.accounts,
        clock=web.clock,
        random=site.people.random,
        by=web.account(Grant(role=Role.OPERATOR)).id,
    )


def document(mark: str) -> bytes:
    return f'{{"transactions": [], "transaction_count": 0, "batch_id": "{mark}"}}'.encode()


def begin(client: TestClient, secret: str, name: str = NAME, length: int = 10, **headers: str) -> tuple[int, str, str]:
    """Status, place and error code of a new upload."""
    metadata = f"filename {b64encode(name.encode()).decode()}"
    answer = client.post(
        "/files",
        headers={
            **TUS,
            "Authorization": f"Link {secret}",
            "Upload-Length": str(length),
            "Upload-Metadata": metadata,
            **headers,
        },
    )
    code = "" if answer.is_success else answer.json()["error"]["code"]
    return answer.status_code, f"/{answer.headers.get('location', '')}", code


def send(client: TestClient, secret: str, content: bytes, name: str = NAME) -> str:
    """Send it whole; the upload's id."""
    status, place, code = begin(client, secret, name, len(content))
    assert (status, code) == (201, "")
    headers = {
        **TUS,
        "Authorization": f"Link {secret}",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
    }
    assert client.patch(place, headers=headers, content=content).status_code == 204
    return place.rpartition("/")[2]


def landed(web: Web, upload: str, link: UploadLink) -> Delivery:
    (one,) = web.site.links.sent(link.id, uploads=[upload], most=1)
    assert one.delivery is not None
    return web.site.platform.ledger.deliveries(DeliveryFilter(ids=(one.delivery,)))[0]


def test_a_file_lands_under_the_links_label_and_names_who_made_it(web: Web) -> None:
    link, secret = make(web)
    one = landed(web, send(web.client(), secret, document("by link")), link)
    assert (one.sender, one.flow, one.name) == ("Harbour Stores", "sales", NAME)
    facts = {"delivered_by": link.made_by, "upload_link": link.id, "proven_by_sender": False}
    assert {name: one.facts[name] for name in facts} == facts


def test_neither_secret_nor_label_is_kept_or_told(web: Web, landed: Path) -> None:
    link, secret = make(web)
    send(web.client(), secret, document("kept"))
    leaves = b"".join(web.site.platform.ledger.leaves())
    assert link.id.encode() in leaves
    assert b"Harbour" not in leaves
    kept = b"".join(path.read_bytes() for path in landed.glob("ledger.db*"))
    assert b"Harbour" in kept
    for content in (leaves, kept):
        assert secret.encode() not in content
        assert bytes.fromhex(secret) not in content


def test_what_does_not_hold_any_more_answers_alike(web: Web) -> None:
    client = web.client()
    answers = []
    for end in ("expired", "revoked", "used up", "unknown"):
        link, secret = make(web, files=1)
        if end == "expired":
            web.clock.now += timedelta(days=3)
        elif end == "revoked":
            web.site.links.revoke(link.id, at=web.clock.now, by="test")
        elif end == "used up":
            assert begin(client, secret)[0] == 201
        else:
            secret = "0" * 64
        headers = {
            **TUS,
            "Authorization": f"Link {secret}",
            "Upload-Length": "1",
            "Upload-Metadata": f"filename {b64encode(NAME.encode()).decode()}",
        }
        answer = client.post("/files", headers=headers)
        answers.append((answer.status_code, answer.text))
    assert len(set(answers)) == 1, answers
    assert answers[0][0] == 403


def test_pages_of_ended_links_answer_alike(web: Web) -> None:
    client = web.client()
    texts = []
    for end in ("expired", "revoked", "unknown"):
        link, secret = make(web)
        if end == "expired":
            web.clock.now += timedelta(days=3)
        elif end == "revoked":
            web.site.links.revoke(link.id, at=web.clock.now, by="test")
        else:
            secret = "f" * 64
        for path in ("", "/public.json", f"/receipts/{'0' * 32}", f"/rows/{'0' * 32}"):
            answer = client.get(f"/send/{secret}{path}")
            assert answer.status_code == 404
            texts.append(answer.text)
        answer = client.post(f"/send/{secret}", files={"file": (NAME, b"{}")})
        texts.append(answer.text)
    assert len(set(texts)) == 1


def test_an_upload_under_way_ends_with_its_link(web: Web) -> None:
    link, secret = make(web)
    client = web.client()
    _, place, _ = begin(client, secret)
    headers = {**TUS, "Authorization": f"Link {secret}"}
    assert client.head(place, headers=headers).status_code == 200
    web.site.links.revoke(link.id, at=web.clock.now, by="test")
    assert client.head(place, headers=headers).status_code == 403


def test_an_upload_is_bound_to_its_link(web: Web) -> None:
    (_, first), (_, second) = make(web), make(web)
    client = web.client()
    _, place, _ = begin(client, first)
    for method in ("HEAD", "DELETE"):
        answer = client.request(method, place, headers={**TUS, "Authorization": f"Link {second}"})
        assert answer.status_code == 404
    uploader = web.signed_in(web.account(Grant(role=Role.UPLOADER)))
    assert uploader.head(place, headers=TUS).status_code == 404
    assert client.head(place, headers={**TUS, "Authorization": f"Link {first}"}).status_code == 200


@pytest.mark.parametrize(
    ("name", "told"),
    [("sales_batch_other.json", "takes no file called"), ("customers.csv", "takes no file called")],
)
def test_a_link_takes_its_names_alone(web: Web, name: str, told: str) -> None:
    _, secret = make(web, patterns=("sales_batch_2026*.json", "*.csv"))
    answer = web.client().post(
        "/files",
        headers={
            **TUS,
            "Authorization": f"Link {secret}",
            "Upload-Length": "1",
            "Upload-Metadata": f"filename {b64encode(name.encode()).decode()}",
        },
    )
    assert answer.status_code == 403
    assert told in answer.json()["error"]["message"]


def test_neither_an_override_nor_parts_go_around_the_name(web: Web) -> None:
    _, secret = make(web)
    client = web.client()
    metadata = f"filename {b64encode(b'payroll.xlsx').decode()}"
    common = {**TUS, "Authorization": f"Link {secret}", "Upload-Metadata": metadata}
    by_override = client.patch("/files", headers={**common, "X-HTTP-Method-Override": "POST", "Upload-Length": "1"})
    assert by_override.status_code == 403
    part = client.post("/files", headers={**common, "Upload-Concat": "partial", "Upload-Length": "0"})
    assert part.status_code == 201
    final = client.post("/files", headers={**common, "Upload-Concat": f"final;/{part.headers['location']}"})
    assert final.status_code == 403


def test_of_many_files_at_once_no_more_get_in_than_the_link_takes(web: Web) -> None:
    by_number, _ = make(web, files=3)
    by_size, _ = make(web, files=50, size_bytes=100)

    def one(link: UploadLink, length: int) -> bool:
        new = NewUpload(owner=link.id, length_bytes=length, metadata={"filename": NAME}, metadata_header="x")
        try:
            web.site.uploads.create(new)
        except UploadRefusedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: one(by_number, 1), range(16))) == 3
        assert sum(pool.map(lambda _: one(by_size, 30), range(16))) == 3


def test_an_upload_without_a_length_fills_the_link_as_it_comes(web: Web) -> None:
    link, secret = make(web, size_bytes=100)
    client = web.client()
    answer = client.post(
        "/files",
        headers={
            **TUS,
            "Authorization": f"Link {secret}",
            "Upload-Defer-Length": "1",
            "Upload-Metadata": f"filename {b64encode(NAME.encode()).decode()}",
        },
    )
    place = f"/{answer.headers['location']}"
    headers = {
        **TUS,
        "Authorization": f"Link {secret}",
        "Content-Type": "application/offset+octet-stream",
    }
    assert client.patch(place, headers={**headers, "Upload-Offset": "0"}, content=b"x" * 60).status_code == 204
    answer = client.patch(place, headers={**headers, "Upload-Offset": "60"}, content=b"x" * 60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "link_size_exceeded")
    assert web.site.links.used([link.id])[link.id].size_bytes == 60


def test_what_is_given_up_counts_no_more(web: Web) -> None:
    link, secret = make(web, files=1)
    client = web.client()
    _, place, _ = begin(client, secret)
    assert begin(client, secret)[2] == "link_over"
    assert client.delete(place, headers={**TUS, "Authorization": f"Link {secret}"}).status_code == 204
    assert begin(client, secret)[0] == 201
    web.clock.now += timedelta(hours=25)
    web.site.uploads.sweep(web.clock.now)
    assert web.site.links.used([link.id])[link.id].files == 0


def test_what_a_kill_left_counted_is_let_go(web: Web) -> None:
    link, secret = make(web)
    _, place, _ = begin(web.client(), secret)
    upload = place.rpartition("/")[2]
    assert let_go_lost(web.site.links, web.site.uploads) == 0
    web.site.uploads._files.forget(upload)  # noqa: SLF001  as a kill between the count and the upload leaves it
    del web.site.uploads._register._uploads[upload]  # noqa: SLF001
    assert let_go_lost(web.site.links, web.site.uploads) == 1
    assert web.site.links.used([link.id])[link.id].files == 0


def test_a_day_is_bounded_for_links_and_for_accounts(web: Web) -> None:
    _, secret = make(web)
    assert begin(web.client(), secret, length=DAY_BYTES)[0] == 201
    assert begin(web.client(), secret, length=1)[2] == "day_quota_exceeded"
    uploader = web.signed_in(web.account(Grant(role=Role.UPLOADER)))
    metadata = f"filename {b64encode(NAME.encode()).decode()}"
    answers = [
        uploader.post("/files", headers={**TUS, "Upload-Length": str(length), "Upload-Metadata": metadata})
        for length in (DAY_BYTES - 1, 2)
    ]
    assert [answer.status_code for answer in answers] == [201, 429]
    assert "24 hours" in answers[1].json()["error"]["message"]
    web.clock.now += timedelta(hours=24)
    assert begin(web.client(), secret, length=1)[0] == 201


def test_the_page_shows_this_links_files_and_nothing_else(web: Web, tmp_path: Path) -> None:
    link, secret = make(web)
    other, other_secret = make(web)
    client, platform = web.client(), web.site.platform
    content = make_sales(tmp_path, count=400, seed=77, defects=0.03, first_number=10_000).files[0].read_bytes()
    upload = send(client, secret, content)
    theirs = send(client, other_secret, document("theirs"), "sales_batch_20261121_090000.json")
    pipeline.work(platform)
    one = landed(web, upload, link)
    assert one.counts is not None
    assert one.counts.rejected + one.counts.held > 0

    text = client.get(f"/send/{secret}").text
    assert NAME in text
    assert "receipt ready" in text
    assert f"{one.counts.received:,}" in text
    assert re.search(r"row \d", text)
    assert "090000" not in text
    assert theirs not in text
    assert not re.findall(r"d-[0-9a-f]{16}", text)
    assert "<nav" not in text
    assert not re.search(r"\b(delivery|contract)\b", re.sub(r"<[^>]+>", " ", text), re.IGNORECASE)

    receipt = client.get(f"/send/{secret}/receipts/{upload}")
    assert json.loads(receipt.text)["body"]["delivery"] == one.id
    assert json.loads(receipt.text)["body"]["file"]["proven_by_sender"] is False
    rows = client.get(f"/send/{secret}/rows/{upload}").text.splitlines()
    assert rows[0] == "row,verdict,reason,field"
    assert len({line.split(",")[0] for line in rows[1:]}) == one.counts.received - one.counts.accepted
    for path in (f"receipts/{theirs}", f"rows/{theirs}", f"receipts/{'0' * 32}"):
        assert client.get(f"/send/{secret}/{path}").status_code == 404
    assert client.get(f"/send/{other_secret}/receipts/{upload}").status_code == 404
    assert web.site.links.used([other.id])[other.id].files == 1


def test_personal_values_are_masked(web: Web, tmp_path: Path) -> None:
    link, secret = make(web)
    content = make_sales(tmp_path, count=300, seed=78, defects=0.3, first_number=20_000).files[0].read_bytes()
    upload = send(web.client(), secret, content)
    pipeline.work(web.site.platform)
    personal = {column.path for column in web.site.platform.flows["sales"].contract.walk() if column.personal}
    assert any(reason.column in personal for reason in landed(web, upload, link).reasons)
    text = web.client().get(f"/send/{secret}").text
    assert "personal, masked" in text
    addresses = set(re.findall(r"[\w.]+@[\w.]+", content.decode()))
    assert addresses
    assert not [address for address in addresses if address in text]


def test_a_copy_of_somebody_elses_file_tells_nothing_of_it(web: Web) -> None:
    account = web.account(Grant(role=Role.UPLOADER))
    uploader = web.signed_in(account)
    content, name = document("theirs alone"), "sales_batch_20261121_100000.json"
    form = {"csrf": web.csrf(account)}
    assert uploader.post("/upload", data=form, files={"file": (name, content)}).status_code == 303
    link, secret = make(web)
    for same_name in (NAME, name, NAME):
        send(web.client(), secret, content, same_name)
    text = web.client().get(f"/send/{secret}").text
    assert text.count("not taken: we have it already") == 3
    assert not re.findall(r"d-[0-9a-f]{16}", text)
    assert account.name not in text
    assert web.site.links.used([link.id])[link.id].files == 3


def test_the_plain_form_sends_files(web: Web) -> None:
    link, secret = make(web, files=2)
    client = web.client()
    names = ["sales_batch_20261121_110000.json", "sales_batch_20261121_120000.json"]
    sent = [("file", (name, document(name))) for name in names]
    assert client.post(f"/send/{secret}", files=sent).headers["location"] == f"/send/{secret}"
    text = client.get(f"/send/{secret}").text
    assert all(name in text for name in names)
    assert "All that this link takes is sent" in text
    again = client.post(f"/send/{secret}", files={"file": (NAME, document("third"))})
    assert again.status_code == 403
    assert "takes no files" in again.text
    assert web.site.links.used([link.id])[link.id].files == 2


def test_the_plain_form_is_not_read_for_who_may_not_send(web: Web) -> None:
    """The body is not there at all: whoever reads it first would fail."""
    client = web.client()
    headers = {"Content-Type": "multipart/form-data; boundary=x", "Content-Length": str(1 << 40)}
    assert client.post(f"/send/{'0' * 64}", headers=headers).status_code == 404
    assert client.post("/upload", headers=headers).status_code == 303


def test_the_plain_form_takes_no_more_than_the_link_has_left(web: Web) -> None:
    link, secret = make(web, size_bytes=1000)
    client = web.client()
    answer = client.post(f"/send/{secret}", files={"file": (NAME, b"x" * (3 << 20))})
    assert answer.status_code == 413
    answer = client.post(f"/send/{secret}", files={"file": (NAME, b"x" * 1001)})
    assert answer.status_code == 403
    assert "more than this link has left" in answer.text
    for wrong in ({"data": {"a": "b"}}, {"files": {"other": (NAME, b"x")}}):
        assert client.post(f"/send/{secret}", **wrong).status_code == 400
    assert web.site.links.used([link.id])[link.id].files == 0


def test_the_page_makes_lists_and_revokes(web: Web) -> None:
    account = web.account(Grant(role=Role.OPERATOR, flow="sales"))
    client, form = web.signed_in(account), {"csrf": web.csrf(account)}
    asked = {**form, "label": "Depot North", "flow": "sales", "days": "2", "files": "7", "size_mib": "3"}
    made = client.post("/links", data=asked)
    (url,) = re.findall(r"https://[^<\s]+/send/[0-9a-f]{64}", made.text)
    secret = url.rpartition("/")[2]
    assert web.client().get(f"/send/{secret}").status_code == 200
    text = client.get("/links").text
    assert "Depot North" in text
    assert secret not in text
    link = next(one for one in web.site.links.links() if one.label == "Depot North")
    assert (link.made_by, link.most_files, link.most_bytes) == (account.id, 7, 3 << 20)
    assert client.post(f"/links/{link.id}/revoke", data=form).status_code == 303
    assert web.client().get(f"/send/{secret}").status_code == 404


def test_a_link_is_for_a_flow_of_ones_own(web: Web) -> None:
    link, _ = make(web)
    account = web.account(Grant(role=Role.OPERATOR, flow="retail"))
    client, form = web.signed_in(account), {"csrf": web.csrf(account)}
    assert client.post("/links", data={**form, "label": "x", "flow": "sales"}).status_code == 400
    assert link.id not in client.get("/links").text
    assert client.post(f"/links/{link.id}/revoke", data=form).status_code == 404
    assert client.post("/links/u-none/revoke", data=form).status_code == 404
    found = web.site.links.by_secret(link.secret)
    assert found is not None
    assert found.revoked_at is None


def test_a_label_is_no_account(web: Web) -> None:
    account = web.account(Grant(role=Role.OPERATOR))
    client, form = web.signed_in(account), {"csrf": web.csrf(account)}
    answer = client.post("/links", data={**form, "label": account.name, "flow": "sales"})
    assert answer.status_code == 400
    assert "is an account" in answer.text


def test_another_sessions_form_sends_nothing(web: Web) -> None:
    account = web.account(Grant(role=Role.UPLOADER))
    client = web.signed_in(account)
    answer = client.post("/upload", data={"csrf": "0" * 64}, files={"file": (NAME, document("csrf"))})
    assert answer.status_code == 403
    assert web.site.platform.ledger.deliveries(DeliveryFilter(sender=account.name)) == []


def test_a_kill_between_landing_and_its_record_lands_once(web: Web, tmp_path: Path) -> None:
    """The bytes are handed over again, and the link knows what became of them."""
    link, _ = make(web)
    site, place = web.site, tmp_path / "bytes"
    folder = Path(site.platform.stage).parents[1]
    place.write_bytes(document("handed over twice"))
    upload = Upload(
        upload_id="a" * 32,
        owner=link.id,
        created_at=web.clock.now,
        expires_at=web.clock.now,
        length_bytes=place.stat().st_size,
        metadata={"filename": NAME},
    )
    sent = SentUpload(upload=upload.upload_id, owner=link.id, name=NAME, size_bytes=1, begun_at=web.clock.now)
    found = []
    for lost in (True, False):
        site.links.enter(sent, day_bytes=MUCH)
        taker(site.platform, site.people, site.links, lambda: None)(
            upload, place, sha256(place.read_bytes()).hexdigest()
        )
        found.append(landed(web, upload.upload_id, link).id)
        if lost:  # as where the process ended before it noted that
            with closing(sqlite3.connect(folder / "ledger.db")) as connection, connection:
                connection.execute("UPDATE sent_uploads SET delivery = NULL WHERE upload = ?", (upload.upload_id,))
    assert found[0] == found[1]
    size = len(site.platform.ledger.deliveries(DeliveryFilter(sha256=sha256(place.read_bytes()).hexdigest())))
    assert size == 1

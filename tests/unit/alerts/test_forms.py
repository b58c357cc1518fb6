"""The forms of a notice: what each receiver reads, and nothing that could be taken for something else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.alerts import forms
from headgate.alerts.telling import Telling, compose, read_telling
from headgate.core.alerts import AlertKind, Condition, NoticeKind, new_alert
from headgate.core.errors import ConfigurationError
from headgate.core.replacing import replace

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
HELD = new_alert(
    Condition(
        kind=AlertKind.HELD,
        flow="sales",
        subject="d-1",
        facts={"reasons": ["below_threshold"], "accepted": "0.8283", "threshold": "0.95"},
    ),
    at=AT,
)


def telling(kind: NoticeKind = NoticeKind.OPENED, **fields: Any) -> Telling:  # noqa: ANN401  of the record
    text = compose(replace(HELD, tellings=1), kind, "ops", project="shop", url="https://headgate.example.org")
    return replace(read_telling(text), **fields)


def test_a_notice_is_read_as_it_was_composed() -> None:
    one = telling()
    assert one.id == f"{HELD.id}.1.ops"
    assert one.title == "sales: below the threshold"
    told = "82.8 % of delivery d-1 was accepted; the flow asks for 95 %. The whole delivery is held."
    assert one.what.replace("\N{NO-BREAK SPACE}", " ") == told
    assert one.next.startswith("decide on it (`headgate release d-1")
    assert one.url == f"https://headgate.example.org/alerts/{HELD.id}"
    with pytest.raises(ValueError, match="Expected"):
        read_telling("[]")


@pytest.mark.parametrize(
    ("kind", "title"),
    [
        (NoticeKind.AGAIN, "still: sales: below the threshold"),
        (NoticeKind.ESCALATED, "nobody acknowledged: sales: below the threshold"),
        (NoticeKind.RESOLVED, "over: sales: below the threshold"),
    ],
)
def test_the_title_says_why_it_is_told(kind: NoticeKind, title: str) -> None:
    assert telling(kind).title == title


def test_mail_for_people_and_programs() -> None:
    mail = forms.mail(telling(), sender="headgate@example.org", to=("a@example.org", "b@example.org"), at=AT)
    assert mail["Subject"] == "[shop] sales: below the threshold"
    assert mail["To"] == "a@example.org, b@example.org"
    assert mail["Message-ID"] == f"<{HELD.id}.1.ops@example.org>"
    assert mail["References"] == f"<{HELD.id}@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    again = forms.mail(telling(), sender="headgate@example.org", to=("a@example.org",), at=AT)
    assert again["Message-ID"] == mail["Message-ID"]
    read = message_from_bytes(mail.as_bytes(), policy=policy.default)
    text = read.get_body(("plain",))
    assert text is not None
    assert f"headgate alerts ack {HELD.id}" in text.get_content()


@settings(deadline=None)
@given(st.text(max_size=200), st.text(max_size=60))
def test_no_word_begins_a_header_or_a_tag(heading: str, project: str) -> None:
    odd = telling(heading=f"{heading}\r\nBcc: x@example.org\n\n<script>", project=project, what=f"<b>{heading}</b>")
    mail = forms.mail(odd, sender="headgate@example.org", to=("a@example.org",), at=AT)
    read = message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert read["Bcc"] is None
    assert set(read.keys()) == set(mail.keys())
    html = read.get_body(("html",))
    assert html is not None
    assert "<script" not in html.get_content()
    for document in (forms.teams(odd), forms.slack(odd)):
        json.loads(forms.encoded(document))
    assert "<" not in json.dumps(forms.slack(replace(odd, url=""))["blocks"][1:])


def test_a_card_for_teams() -> None:
    document = json.loads(forms.encoded(forms.teams(telling())))
    (attachment,) = document["attachments"]
    card = attachment["content"]
    assert (document["type"], attachment["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    assert card["body"][0]["text"] == "sales: below the threshold"
    assert card["actions"][0]["url"].endswith(HELD.id)
    assert "actions" not in forms.teams(telling(url=""))["attachments"][0]["content"]


def test_blocks_for_slack() -> None:
    document = forms.slack(telling(what="1 < 2 & <!channel>"))
    assert document["text"] == "sales: below the threshold"
    assert [block["type"] for block in document["blocks"]] == ["header", "section", "context"]
    assert "1 &lt; 2 &amp; &lt;!channel&gt;" in document["blocks"][1]["text"]["text"]
    assert f"<https://headgate.example.org/alerts/{HELD.id}|Open the alert>" in document["blocks"][1]["text"]["text"]


@pytest.mark.parametrize(
    ("secret", "key"),
    [("plain words", b"plain words"), ("whsec_" + base64.b64encode(b"\x00key").decode(), b"\x00key")],
)
def test_the_signature_is_that_of_standard_webhooks(secret: str, key: bytes) -> None:
    one = telling()
    body = forms.encoded(one)
    headers = forms.signed_headers(one, body, secret=secret, at=AT)
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-timestamp"] == str(int(AT.timestamp()))
    assert headers["webhook-id"] == one.id


def test_the_published_example_of_standard_webhooks() -> None:
    """From the specification's reference libraries: secret, id, timestamp and body with their signature."""
    one = telling(id="msg_p5jXN8AQM9LWM0D4loKWxJek")
    headers = forms.signed_headers(
        one,
        b'{"test": 2432232314}',
        secret="whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",  # noqa: S106  the example's
        at=datetime.fromtimestamp(1614265330, UTC),
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_secret_that_is_no_base64() -> None:
    with pytest.raises(ConfigurationError, match="no base64"):
        forms.signed_headers(telling(), b"", secret="whsec_!", at=AT)  # noqa: S106  no secret

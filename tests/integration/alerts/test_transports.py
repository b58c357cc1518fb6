"""SMTP and HTTP as they are: encrypted or refused, slow, failing, and what is told of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from tests.harness.alert_receivers import PASSWORD, Hook, free_port, hook_server, mail_server, make_certificate

from headgate.adapters.http_webhook import post
from headgate.adapters.smtp_mail import SmtpMail
from headgate.alerts import forms
from headgate.alerts.telling import telling_of_test
from headgate.core.errors import ReceiverRefusedError, TransientError

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def message() -> EmailMessage:
    telling = telling_of_test("ops", project="shop", url="", at=AT)
    return forms.mail(telling, sender="headgate@example.org", to=("a@example.org", "b@example.org"), at=AT)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hook_server() as server:
        yield server


def test_mail_by_starttls_with_a_password(certificate: Path, message: EmailMessage) -> None:
    with mail_server(certificate=certificate, user="headgate") as box:
        send = SmtpMail(
            "127.0.0.1", box.port, security="starttls", user="headgate", password=lambda: PASSWORD, ca=certificate
        )
        send(message)
    assert box.encrypted == [True]
    assert box.envelopes == [("headgate@example.org", ["a@example.org", "b@example.org"])]
    (mail,) = box.mails
    assert mail["Subject"] == "[shop] shop: this is a test"
    assert mail["Message-ID"] == message["Message-ID"]
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert "Alerts of shop reach the receiver ops." in text.get_content()
    assert "<b>Next:</b> nothing." in html.get_content()


def test_mail_by_tls(certificate: Path, message: EmailMessage) -> None:
    with mail_server(certificate=certificate, at_once=True) as box:
        SmtpMail("127.0.0.1", box.port, security="tls", ca=certificate)(message)
    assert len(box.mails) == 1  # nobody else is heard by a server that begins with TLS


def test_mail_to_this_machine(message: EmailMessage) -> None:
    with mail_server() as box:
        SmtpMail("127.0.0.1", box.port, security="none")(message)
    assert (len(box.mails), box.encrypted) == (1, [False])


def test_no_mail_without_the_encryption_that_was_asked_for(message: EmailMessage) -> None:
    with mail_server() as box:
        with pytest.raises(TransientError, match="SMTPNotSupportedError"):
            SmtpMail("127.0.0.1", box.port, security="starttls")(message)
        assert box.mails == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_no_mail_to_a_server_that_nobody_vouches_for(certificate: Path, message: EmailMessage, security: str) -> None:
    with mail_server(certificate=certificate, at_once=security == "tls") as box:
        with pytest.raises(TransientError, match="CERTIFICATE_VERIFY_FAILED"):
            SmtpMail("127.0.0.1", box.port, security=security)(message)  # type: ignore[arg-type]
        assert box.mails == []


def test_a_wrong_password_is_not_told(certificate: Path, message: EmailMessage) -> None:
    with mail_server(certificate=certificate, user="headgate") as box:
        send = SmtpMail(
            "127.0.0.1", box.port, security="starttls", user="headgate", password=lambda: "wrong one", ca=certificate
        )
        with pytest.raises(TransientError, match="does not let us in") as told:
            send(message)
    assert "wrong one" not in str(told.value)


@pytest.mark.parametrize(
    ("answer", "error"), [("550 No such", ReceiverRefusedError), ("451 Later", TransientError)], ids=["5", "4"]
)
def test_every_address_is_refused(message: EmailMessage, answer: str, error: type[Exception]) -> None:
    with mail_server() as box:
        box.answer = lambda _address: answer
        with pytest.raises(error) as told:
            SmtpMail("127.0.0.1", box.port, security="none")(message)
    assert "example.org" not in str(told.value)


def test_one_of_two_addresses_is_refused(message: EmailMessage) -> None:
    with mail_server() as box:
        box.answer = lambda address: "550 No such" if address.startswith("b") else "250 OK"
        SmtpMail("127.0.0.1", box.port, security="none")(message)
    assert [to for _, to in box.envelopes] == [["a@example.org"]]


def test_nobody_takes_mail(message: EmailMessage) -> None:
    with pytest.raises(TransientError, match=r"127\.0\.0\.1 did not take the mail"):
        SmtpMail("127.0.0.1", free_port(), security="none")(message)


def test_a_mail_server_that_says_nothing(hook: Hook, message: EmailMessage) -> None:
    port = int(hook.url.rpartition(":")[2])  # an HTTP server waits to be spoken to
    begun = time.monotonic()
    with pytest.raises(TransientError):
        SmtpMail("127.0.0.1", port, security="none", timeout_s=0.3)(message)
    assert time.monotonic() - begun < 5


def test_a_post_that_is_taken(hook: Hook) -> None:
    post(f"{hook.url}/a/b?token=x", b'{"a":1}', {"webhook-id": "n-1"})
    assert (hook.paths, hook.bodies, hook.taken()) == (["/a/b?token=x"], [b'{"a":1}'], ["n-1"])
    assert hook.headers[0]["content-type"] == "application/json"


@pytest.mark.parametrize("answer", [500, 503, 429, 408, "cut"])
def test_a_post_that_may_go_through_later(hook: Hook, answer: int | str) -> None:
    hook.answers = [answer]
    with pytest.raises(TransientError, match=r"127\.0\.0\.1"):
        post(f"{hook.url}/hooks/very-secret", b"{}", {})
    post(hook.url, b"{}", {})


@pytest.mark.parametrize("answer", [400, 401, 403, 404, 410, 301, 302, 307])
def test_a_post_that_never_goes_through(hook: Hook, answer: int) -> None:
    hook.answers = [answer]
    with pytest.raises(ReceiverRefusedError, match=str(answer)) as told:
        post(f"{hook.url}/hooks/very-secret", b"{}", {})
    assert "very-secret" not in str(told.value)
    assert hook.paths == ["/hooks/very-secret"], "no redirect is followed"


@pytest.mark.parametrize("answer", ["hang", "drip"])
def test_a_post_that_takes_too_long(hook: Hook, answer: str) -> None:
    hook.answers = [answer]
    begun = time.monotonic()
    with pytest.raises(TransientError):
        post(hook.url, b"{}", {}, timeout_s=0.5)
    assert time.monotonic() - begun < 5


def test_a_post_by_tls_to_who_is_vouched_for(certificate: Path) -> None:
    with hook_server(certificate=certificate) as hook:
        post(hook.url, b"{}", {}, ca=certificate)
        with pytest.raises(TransientError, match="CERTIFICATE_VERIFY_FAILED"):
            post(hook.url, b"{}", {})
    assert len(hook.bodies) == 1

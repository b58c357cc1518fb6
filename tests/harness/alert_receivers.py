"""Receivers of alerts as they are met: an SMTP server (aiosmtpd) and an HTTP server, that fail and hang on demand."""

from __future__ import annotations

import json
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

REDIRECTS = {301, 302, 307}
PASSWORD = "eight sluices"  # noqa: S105  of a server of the test's own


def make_certificate(folder: Path, *, host: str = "127.0.0.1") -> Path:
    """A certificate for this machine that signs itself, with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    place = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    place.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return place


def server_context(certificate: Path) -> ssl.SSLContext:
    """What a server needs to show it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


class Mailbox:
    """Mail that a server took; `answer` may refuse an address or the mail, or be slow."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.encrypted: list[bool] = []
        self.answer: Callable[[str], str] = lambda _address: "250 OK"
        self.port = 0

    async def handle_RCPT(  # noqa: N802  aiosmtpd's
        self, _server: object, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        told = self.answer(address)
        if told.startswith("250"):
            envelope.rcpt_tos.append(address)
        return told

    async def handle_DATA(self, _server: Any, session: Session, envelope: Envelope) -> str:  # noqa: ANN401, N802  aiosmtpd's
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.envelopes.append((str(envelope.mail_from), list(envelope.rcpt_tos)))
        self.encrypted.append(session.ssl is not None)
        return "250 OK"


@contextmanager
def mail_server(*, certificate: Path | None = None, at_once: bool = False, user: str = "") -> Iterator[Mailbox]:
    """A server on a port of its own; with a certificate it wants STARTTLS, or speaks TLS `at_once`."""
    mailbox = Mailbox()
    context = server_context(certificate) if certificate else None

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: Any, login: Any) -> AuthResult:  # noqa: ANN401  aiosmtpd's
        fits = (login.login, login.password) == (user.encode(), PASSWORD.encode())
        return AuthResult(success=fits, handled=False)

    options: dict[str, Any] = {"auth_required": bool(user), "auth_require_tls": bool(context) and not at_once}
    if user:
        options["authenticator"] = authenticate
    if context and not at_once:
        options |= {"tls_context": context, "require_starttls": True}
    controller = Controller(
        mailbox, hostname="127.0.0.1", port=free_port(), ssl_context=context if at_once else None, **options
    )
    mailbox.port = controller.port
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Hook:
    """What an HTTP server was sent, and what it answers: a status, `hang`, `drip`, or `cut`."""

    def __init__(self) -> None:
        self.answers: list[int | str] = []  # of the next requests; then 200
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.ended = Event()
        self.url = ""

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The bodies as JSON."""
        return [json.loads(body) for body in self.bodies]

    def taken(self) -> list[str]:
        """The ids that were sent, in order."""
        return [headers["webhook-id"] for headers in self.headers]


@contextmanager
def hook_server(*, certificate: Path | None = None, port: int = 0) -> Iterator[Hook]:
    """A server that takes what is posted to it."""
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.bodies.append(body)
            hook.headers.append({name.lower(): value for name, value in self.headers.items()})
            hook.paths.append(self.path)
            answer = hook.answers.pop(0) if hook.answers else 200
            if answer == "hang":
                hook.ended.wait(60)
            elif answer == "drip":
                _drip(self.wfile, hook.ended)
            elif answer != "cut":
                self.send_response(int(answer))
                if int(answer) in REDIRECTS:
                    self.send_header("Location", f"{hook.url}/elsewhere")
                self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that hung up, or wanted no such certificate."""

    server = Server(("127.0.0.1", port), Handler)
    if certificate is not None:
        server.socket = server_context(certificate).wrap_socket(server.socket, server_side=True)
    hook.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hook
    finally:
        hook.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _drip(out: BufferedIOBase, ended: Event) -> None:
    """Answer a sign at a time, without an end."""
    for sign in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 600:
        if ended.wait(0.1):
            return
        try:
            out.write(bytes([sign]))
        except OSError:
            return


def soon(what: Callable[[], bool], *, within_s: float = 20.0) -> bool:
    """Whether it comes true in time."""
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        if what():
            return True
        time.sleep(0.02)
    return what()

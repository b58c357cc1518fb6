"""Mail by SMTP. What is not encrypted goes to this machine only, which the settings see to."""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Literal

from headgate.adapters.deadline import ended_after
from headgate.core.errors import ReceiverRefusedError, TransientError

_log = logging.getLogger(__name__)

TIMEOUT_S = 10.0  # for one answer of the other side
IN_ALL = 2.5  # times as long for the whole conversation
_FOR_GOOD = 500


class SmtpMail:
    """A server that takes mail. `password` is asked for each time, so that a new one counts at once."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        security: Literal["starttls", "tls", "none"],
        user: str = "",
        password: Callable[[], str] | None = None,
        ca: Path | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._host, self._port, self._security = host, port, security
        self._user, self._password, self._ca = user, password, ca
        self._timeout_s = timeout_s

    def __call__(self, message: EmailMessage) -> None:
        """Send it. TransientError where it may go through later, ReceiverRefusedError where it never will."""
        try:
            self._send(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise self._told(max(codes) if min(codes) >= _FOR_GOOD else min(codes), "every address") from error
        except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as error:
            # the server's settings or ours, which somebody mends meanwhile
            raise TransientError(f"{self._host} does not let us in: {type(error).__name__}.") from error
        except smtplib.SMTPResponseException as error:
            raise self._told(error.smtp_code, "the mail") from error
        except (OSError, smtplib.SMTPException, UnicodeError) as error:  # a host of which no name can be made
            told = str(error) or type(error).__name__
            raise TransientError(f"{self._host} did not take the mail: {told}.") from error

    def _send(self, message: EmailMessage) -> None:
        with self._connected() as server, ended_after(IN_ALL * self._timeout_s, lambda: server.sock):
            if self._security == "starttls":
                server.starttls(context=self._trust())
            if self._password is not None:
                server.login(self._user, self._password())
            refused = server.send_message(message)
        if refused:
            # the others have it, and would have it twice
            _log.warning("some addresses of a receiver were refused", extra={"action": "mail", "refused": len(refused)})

    def _connected(self) -> smtplib.SMTP:
        if self._security == "tls":
            return smtplib.SMTP_SSL(self._host, self._port, timeout=self._timeout_s, context=self._trust())
        return smtplib.SMTP(self._host, self._port, timeout=self._timeout_s)

    def _trust(self) -> ssl.SSLContext:
        trust = ssl.create_default_context()
        if self._ca is not None:
            trust.load_verify_locations(self._ca)
        return trust

    def _told(self, code: int, what: str) -> TransientError | ReceiverRefusedError:
        """The error for a status; what the server says beside it may hold an address, and is left out."""
        if code >= _FOR_GOOD:
            return ReceiverRefusedError(
                f"{self._host} refused {what} for good ({code}). Next: look at the addresses in [alerts]."
            )
        return TransientError(f"{self._host} refused {what} for now ({code}).")

"""One-time codes by the clock (RFC 6238: HMAC-SHA-1, 30 s, 6 digits), codes for recovery, and their port."""

from __future__ import annotations

import hmac
from abc import ABC, abstractmethod
from base64 import b32encode
from collections.abc import Collection
from datetime import datetime
from urllib.parse import quote, urlencode

import msgspec

STEP_S = 30
DIGITS = 6
SECRET_BYTES = 20  # as long as a SHA-1, which RFC 4226 asks for
DRIFT_STEPS = 1  # that the clock of a phone may be off
RECOVERY_CODES = 10
RECOVERY_BYTES = 15  # 120 bits: more than the 112 from which a fast hash is enough (ASVS 5.0, 6.5.2)


class Factor(msgspec.Struct, frozen=True, kw_only=True):
    """What an account's authenticator shares with us."""

    account: str
    secret: bytes  # sealed: whoever reads it itself can make codes
    made_at: datetime
    step: int  # the last that was used; none up to it counts again


def code_at(secret: bytes, step: int) -> str:
    """The code of a step of 30 s since 1970.

    >>> code_at(b"12345678901234567890", 1)
    '287082'
    """
    digest = hmac.digest(secret, step.to_bytes(8), "sha1")
    place = digest[-1] & 0xF
    number = int.from_bytes(digest[place : place + 4]) & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_at(moment: datetime) -> int:
    """The step that a moment lies in."""
    return int(moment.timestamp()) // STEP_S


def step_of(secret: bytes, code: str, moment: datetime) -> int | None:
    """The newest step around the moment whose code this is; None for none. Spaces in the code do not count."""
    plain, now = "".join(code.split()), step_at(moment)
    fitting = [
        step
        for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1)
        if hmac.compare_digest(code_at(secret, step).encode(), plain.encode())
    ]
    return max(fitting, default=None)


def secret_text(secret: bytes) -> str:
    """The secret as it is typed into an authenticator.

    >>> secret_text(b"12345678901234567890")
    'GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ'
    """
    return _grouped(b32encode(secret).decode(), " ")


def enrolment_uri(secret: bytes, *, project: str, name: str) -> str:
    """What a QR code for an authenticator holds (the Key URI Format that Google Authenticator began)."""
    issuer = f"Headgate {project}"
    query = urlencode({"secret": b32encode(secret).decode(), "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{quote(issuer)}:{quote(name)}?{query}"


def recovery_text(random: bytes) -> str:
    """A code to get in by when the authenticator is lost.

    >>> recovery_text(bytes(15))
    'aaaa-aaaa-aaaa-aaaa-aaaa-aaaa'
    """
    assert len(random) == RECOVERY_BYTES
    return _grouped(b32encode(random).decode().lower(), "-")


def recovery_plain(text: str) -> str:
    """A recovery code as it is hashed, however it was typed."""
    plain = "".join(sign for sign in text.lower() if sign.isalnum())
    return _grouped(plain, "-")


def _grouped(text: str, sign: str) -> str:
    return sign.join(text[place : place + 4] for place in range(0, len(text), 4))


class Factors(ABC):
    """Second factors of accounts. Each change and its event are one transaction."""

    @abstractmethod
    def add_factor(self, factor: Factor, recovery: Collection[str], *, by: str) -> None:
        """Ask for codes from now on, with the event `totp_on`; UsageError where there is a factor already.

        `recovery` are the SHA-256 of the recovery codes.
        """

    @abstractmethod
    def factor(self, account: str) -> Factor | None:
        """The account's factor."""

    @abstractmethod
    def use_step(self, account: str, step: int) -> bool:
        """Use a step up; False where it, or a later one, was used."""

    @abstractmethod
    def use_recovery(self, account: str, sha256: str, *, at: datetime) -> bool:
        """Use a recovery code up, with the event `recovery_code_used`; False where there is none such."""

    @abstractmethod
    def recovery_left(self, account: str) -> int:
        """How many recovery codes were not used."""

    @abstractmethod
    def drop_factor(self, account: str, *, at: datetime, by: str) -> bool:
        """Ask for no code any more, with the event `totp_off`; False where none was asked for."""

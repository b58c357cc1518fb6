"""Tokens with which programs speak for an account: their text, what is kept of it, and the port that keeps it."""

from __future__ import annotations

import re
import zlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from headgate.core.roles import Permission

PREFIX = "hgt_"
TOKEN_BYTES = 24
TOKEN_LENGTH = timedelta(days=90)  # unless another is asked for
LONGEST_TOKEN = timedelta(days=365)
LONGEST_PROVIDED_TOKEN = timedelta(days=30)  # of an account that a provider of OpenID Connect signs in
MOST_TOKENS = 50  # of one account
MOST_NAME = 60
USED_EVERY = timedelta(minutes=1)  # a token's use is noted no more often

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_SIGNS, _CHECK_SIGNS = 33, 6  # as many as 192 and 32 bits need
_TEXT = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM_SIGNS + _CHECK_SIGNS}}}", re.ASCII)


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What a program may do in an account's name, and until when: never more than the account itself at that moment."""

    id: str  # t- and 16 hex digits; what events name
    account: str
    sha256: str  # of its text, in hex; the text stands nowhere
    name: str  # as its owner knows it
    permissions: tuple[Permission, ...]
    made_at: datetime
    expires_at: datetime
    flow: str = ""  # empty: in every flow of the account
    used_at: datetime | None = None


def token_text(random: bytes) -> str:
    """The text of a token: prefix, TOKEN_BYTES in base 62, and the CRC-32 of both in base 62.

    Who scans for leaked secrets finds it by the prefix, and knows by the checksum that it is one without asking us.

    >>> token_text(bytes(24))
    'hgt_0000000000000000000000000000000000YZ3fH'
    """
    assert len(random) == TOKEN_BYTES
    told = PREFIX + _base62(int.from_bytes(random), _RANDOM_SIGNS)
    return told + _checksum(told)


def may_be_token(text: str) -> bool:
    """Whether the text has the form and the checksum of a token; whether there is such a token it does not tell."""
    return bool(_TEXT.fullmatch(text)) and _checksum(text[:-_CHECK_SIGNS]) == text[-_CHECK_SIGNS:]


def _checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), _CHECK_SIGNS)


def _base62(number: int, signs: int) -> str:
    text = ""
    while len(text) < signs:
        number, rest = divmod(number, len(_DIGITS))
        text = _DIGITS[rest] + text
    return text


class Tokens(ABC):
    """Tokens of accounts. Each change and its event are one transaction; events name ids only."""

    @abstractmethod
    def add_token(self, token: Token, *, by: str) -> None:
        """Enter a token, with the event `token_made`; UsageError where the account has MOST_TOKENS."""

    @abstractmethod
    def token(self, sha256: str) -> Token | None:
        """The token whose text has this hash."""

    @abstractmethod
    def tokens(self, account: str) -> list[Token]:
        """An account's tokens, the newest first; those that have expired too."""

    @abstractmethod
    def touch_token(self, id_: str, *, used_at: datetime) -> None:
        """Note that a token was used."""

    @abstractmethod
    def end_tokens(self, account: str, ids: Sequence[str], *, at: datetime, by: str) -> int:
        """Revoke tokens of an account, with the event `token_revoked` each; how many there were."""

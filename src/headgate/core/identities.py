"""Sign-in by a provider of OpenID Connect: what is agreed with it, what it says of a person, and its port."""

from __future__ import annotations

import ipaddress
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from enum import StrEnum
from urllib.parse import urlsplit

import msgspec

from headgate.core.errors import HeadgateError
from headgate.core.roles import Grant


class ProviderSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a project agrees with its provider: `[sign_in.oidc]` of headgate.toml."""

    issuer: str  # exactly as the provider writes it
    client_id: str
    client_secret: str | None = None  # its name among the project's secrets; None: a public client
    name: str = "your organisation"  # on the button
    scopes: tuple[str, ...] = ("openid", "profile")
    roles_claim: str = "roles"  # of the ID token: app roles or groups, a text or a list of texts
    name_claim: str = "preferred_username"
    acr: tuple[str, ...] = ()  # one of these classes of sign-in must the provider tell, if any stand here
    amr: tuple[str, ...] = ()  # all of these ways of proof must it tell
    max_age_s: int | None = None  # since somebody proved to the provider who they are
    grants: Mapping[str, tuple[Grant, ...]] = {}  # what each value of the claim gives

    def granted(self, groups: Iterable[str]) -> tuple[Grant, ...]:
        """What the groups give together; groups that are not listed give nothing."""
        return tuple(sorted({grant for group in groups for grant in self.grants.get(group, ())}))


class Began(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that was sent to the provider, and what its answer must fit. All are secrets of this one sign-in."""

    state: str
    nonce: str
    verifier: str  # of PKCE (RFC 7636)
    callback: str  # our address to which the provider sends the browser back


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody is, as a verified ID token says. Issuer and subject name the person for ever; nothing else does."""

    issuer: str
    subject: str
    name: str  # what an account might be called; may change, and others may have it
    groups: tuple[str, ...]


class Refusal(StrEnum):
    """Why an answer of the provider is not believed."""

    ANSWER = "answer"  # no code, or an error instead of one
    CODE = "code"  # the provider gives no token for it
    SIGNATURE = "signature"  # signed by no key of the provider, or in a way that is not accepted
    ISSUER = "issuer"
    AUDIENCE = "audience"  # meant for another client
    TIME = "time"  # expired, or not valid yet
    NONCE = "nonce"  # of another sign-in
    GROUPS = "groups"  # more than the provider tells in a token
    STRENGTH = "strength"  # the person proved less, or longer ago, than is asked for
    FORM = "form"  # no ID token, or one that lacks what it must have


class IdentityRefusedError(HeadgateError):
    """The provider's answer is not believed; `reason` is for the log."""

    def __init__(self, reason: Refusal, message: str) -> None:
        self.reason = reason
        super().__init__(message)


def is_private(place: str) -> bool:
    """Whether nobody else hears what is said there: https, or this machine."""
    try:
        parts = urlsplit(place)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme != "http":
        return parts.scheme == "https" and bool(host)
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class IdentityProvider(ABC):
    """A provider of OpenID Connect. TransientError where it does not answer."""

    @abstractmethod
    def begin(self, began: Began) -> str:
        """Where to send the browser."""

    @abstractmethod
    def finish(self, began: Began, answer: Mapping[str, str]) -> Identity:
        """Who came back, by the parameters of the callback; IdentityRefusedError for an answer that does not fit."""

    @abstractmethod
    def sign_out_place(self) -> str | None:
        """Where somebody ends the session with the provider; None where it names no such place."""

    @abstractmethod
    def close(self) -> None:
        """Give connections back."""

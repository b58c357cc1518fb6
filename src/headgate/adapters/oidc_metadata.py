"""What a provider publishes of itself, cached: metadata (OpenID Connect Discovery 1.0) and keys (RFC 7517)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, TypeVar

import httpx2
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from headgate.core.errors import ConfigurationError, TransientError
from headgate.core.identities import is_private
from headgate.core.ports import Clock

T = TypeVar("T")

FRESH = timedelta(hours=1)
KEYS_EVERY = timedelta(minutes=1)  # for keys that are not known, the provider is asked no more often
AGAIN = timedelta(
    seconds=10
)  # after which one that did not answer is asked again: who waits for it keeps others waiting


class Metadata:
    """Metadata and keys of one issuer.

    TransientError where it does not answer, ConfigurationError where it is another.
    """

    def __init__(self, issuer: str, http: httpx2.Client, clock: Clock) -> None:
        self._issuer = issuer
        self._http = http
        self._clock = clock
        self._lock = Lock()
        self._document: tuple[datetime, Mapping[str, Any]] | None = None
        self._keys: tuple[datetime, KeySet] | None = None
        self._failed_at: datetime | None = None

    def document(self) -> Mapping[str, Any]:
        """All that the provider says of itself."""
        with self._lock:
            if self._document is None or self._clock() - self._document[0] >= FRESH:
                self._document = self._clock(), self._asked(self._fetched)
            return self._document[1]

    def endpoint(self, name: str) -> str:
        """An address of the provider that must be there."""
        found = self.optional_endpoint(name)
        if found is None:
            raise ConfigurationError(f"{self._issuer} states no {name}; it is no provider of OpenID Connect.")
        return found

    def optional_endpoint(self, name: str) -> str | None:
        """An address of the provider; ConfigurationError for one that others can listen to."""
        found = self.document().get(name)
        if found is None:
            return None
        if not isinstance(found, str) or not is_private(found):
            raise ConfigurationError(f"{self._issuer} states {name} {str(found)[:200]!r}; it must be https.")
        return found

    def client_authentication(self, *, secret: bool) -> str:
        """How a client with or without a secret shows who it is, of the ways that the provider takes."""
        if not secret:
            return "none"
        taken = self.document().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return "client_secret_basic" if "client_secret_basic" in taken else "client_secret_post"

    def keys(self, kid: str | None) -> KeySet:
        """The provider's keys; asked for anew where that one is not among them, but at most once a minute."""
        place = self.endpoint("jwks_uri")
        with self._lock:
            now = self._clock()
            if self._keys is None or now - self._keys[0] >= (KEYS_EVERY if self._lacks(kid) else FRESH):
                self._keys = now, self._asked(lambda: self._fetched_keys(place))
            return self._keys[1]

    def _asked(self, fetch: Callable[[], T]) -> T:
        if self._failed_at is not None and self._clock() - self._failed_at < AGAIN:
            raise TransientError(f"{self._issuer} did not answer a moment ago. Next: try again in {AGAIN.seconds} s.")
        try:
            fetched = fetch()
        except TransientError:
            self._failed_at = self._clock()
            raise
        self._failed_at = None
        return fetched

    def _lacks(self, kid: str | None) -> bool:
        assert self._keys is not None
        return kid is not None and all(key.kid != kid for key in self._keys[1])

    def _fetched(self) -> Mapping[str, Any]:
        document = read_json(self._http, f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if document.get("issuer") != self._issuer:
            raise ConfigurationError(
                f"[sign_in.oidc] issuer is {self._issuer!r}, and the provider calls itself "
                f"{str(document.get('issuer'))[:200]!r}. Next: write it exactly so."
            )
        return document

    def _fetched_keys(self, place: str) -> KeySet:
        document = read_json(self._http, place)
        try:
            return KeySet.import_key_set({"keys": document["keys"]})
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise TransientError(f"{place} holds no keys. Next: try again later.") from error


def read_json(http: httpx2.Client, place: str) -> Mapping[str, Any]:
    """The JSON object that stands there; TransientError where there is none."""
    try:
        answer = http.get(place, headers={"Accept": "application/json"})
        document = answer.raise_for_status().json()
    except (httpx2.HTTPError, ValueError) as error:
        raise TransientError(f"{place} did not answer as a provider does. Next: try again later.") from error
    if not isinstance(document, dict):
        raise TransientError(f"{place} holds no JSON object. Next: try again later.")
    return document

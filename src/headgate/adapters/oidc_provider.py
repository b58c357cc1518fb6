"""A provider of OpenID Connect over HTTP: authorization code flow with PKCE (RFC 7636), ID tokens by its own keys.

OpenID Connect Core 1.0 (3.1), Discovery 1.0, RP-Initiated Logout 1.0 and RFC 9207; Authlib speaks the protocol.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx2
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.httpx_client import OAuth2Client

from headgate.adapters.oidc_metadata import Metadata
from headgate.adapters.oidc_token import check_strength, verified_claims
from headgate.core.errors import TransientError
from headgate.core.identities import (
    Began,
    Identity,
    IdentityProvider,
    IdentityRefusedError,
    ProviderSettings,
    Refusal,
)
from headgate.core.ports import Clock

TIMEOUT_S = 10.0
MOST_SUBJECT = 255  # signs, by OpenID Connect Core 2
MOST_GROUPS = 1_000


class OidcProvider(IdentityProvider):
    """One provider, by its issuer. What it publishes is fetched when it is first needed. Threads may share it."""

    def __init__(self, settings: ProviderSettings, *, secret: str | None, clock: Clock) -> None:
        self._settings = settings
        self._secret = secret
        self._clock = clock
        # no redirect is followed: a provider answers where it says that it does
        self._http = httpx2.Client(timeout=TIMEOUT_S, follow_redirects=False)
        self._metadata = Metadata(settings.issuer, self._http, clock)

    def begin(self, began: Began) -> str:
        """Where to send the browser."""
        endpoint = self._metadata.endpoint("authorization_endpoint")
        with self._client(began.callback) as client:
            place, _ = client.create_authorization_url(
                endpoint, state=began.state, nonce=began.nonce, code_verifier=began.verifier, **self._strength()
            )
        return str(place)

    def finish(self, began: Began, answer: Mapping[str, str]) -> Identity:
        """Who came back; IdentityRefusedError for an answer that does not fit."""
        if answer.get("error"):
            raise IdentityRefusedError(Refusal.ANSWER, f"{self._settings.name} did not sign you in.")
        self._check_issuer(answer)
        if not answer.get("code"):
            raise IdentityRefusedError(Refusal.ANSWER, f"{self._settings.name} sent no code.")
        token = self._token(began, answer["code"])
        claims = verified_claims(token, self._metadata, self._settings.client_id, began.nonce, self._clock())
        check_strength(claims, self._settings, self._clock())
        return self._identity(claims)

    def sign_out_place(self) -> str | None:
        """Where somebody ends the session with the provider; None where it names no such place."""
        endpoint = self._metadata.optional_endpoint("end_session_endpoint")
        if endpoint is None:
            return None
        joint = "&" if "?" in endpoint else "?"
        return f"{endpoint}{joint}{urlencode({'client_id': self._settings.client_id})}"

    def close(self) -> None:
        """Give connections back."""
        self._http.close()

    def _strength(self) -> dict[str, str]:
        """How strong a sign-in is asked for (OpenID Connect Core 3.1.2.1)."""
        asked = {"acr_values": " ".join(self._settings.acr)} if self._settings.acr else {}
        if self._settings.max_age_s is not None:
            asked["max_age"] = str(self._settings.max_age_s)
        return asked

    def _check_issuer(self, answer: Mapping[str, str]) -> None:
        """That the answer comes from the provider that was asked (RFC 9207), where it says so."""
        says = self._metadata.document().get("authorization_response_iss_parameter_supported") is True
        if (says or "iss" in answer) and answer.get("iss") != self._settings.issuer:
            raise IdentityRefusedError(Refusal.ISSUER, "The answer is of another provider.")

    def _client(self, callback: str) -> OAuth2Client:
        return OAuth2Client(
            self._settings.client_id,
            self._secret,
            token_endpoint_auth_method=self._metadata.client_authentication(secret=self._secret is not None),
            scope=" ".join(self._settings.scopes),
            redirect_uri=callback,
            code_challenge_method="S256",
            timeout=TIMEOUT_S,
        )

    def _token(self, began: Began, code: str) -> Mapping[str, Any]:
        endpoint = self._metadata.endpoint("token_endpoint")
        try:
            with self._client(began.callback) as client:
                token: Mapping[str, Any] = client.fetch_token(
                    endpoint, grant_type="authorization_code", code=code, code_verifier=began.verifier
                )
        except OAuthError as error:
            raise IdentityRefusedError(Refusal.CODE, f"{self._settings.name} did not take its own code.") from error
        except (httpx2.HTTPError, ValueError) as error:
            raise TransientError(f"{self._settings.issuer} did not answer. Next: try again later.") from error
        return token

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= MOST_SUBJECT:
            raise IdentityRefusedError(Refusal.FORM, "The ID token does not say who you are.")
        elsewhere = claims.get("_claim_names")
        if isinstance(elsewhere, dict) and self._settings.roles_claim in elsewhere:
            raise IdentityRefusedError(
                Refusal.GROUPS, "You are in more groups than your provider tells here, so none of them counts."
            )
        found, name = claims.get(self._settings.roles_claim, []), claims.get(self._settings.name_claim, "")
        listed = found[:MOST_GROUPS] if isinstance(found, list) else [found]
        return Identity(
            issuer=self._settings.issuer,
            subject=subject,
            name=name if isinstance(name, str) else "",
            groups=tuple(group for group in listed if isinstance(group, str)),
        )

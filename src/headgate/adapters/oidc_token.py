"""An ID token is believed when all that OpenID Connect Core 1.0 (3.1.3.7) asks for holds, and not before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ClaimError, JoseError, MissingClaimError
from joserfc.jws import extract_compact

from headgate.adapters.oidc_metadata import Metadata
from headgate.core.identities import IdentityRefusedError, ProviderSettings, Refusal

SKEW = timedelta(seconds=60)  # between the provider's clock and ours
MOST_TOKEN = 64 << 10
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519")
"""Signatures by a key that only the provider has: never `none`, and never a secret that both know."""

_REASONS = {
    "iss": (Refusal.ISSUER, "The ID token is of another issuer."),
    "aud": (Refusal.AUDIENCE, "The ID token is meant for another application."),
    "azp": (Refusal.AUDIENCE, "The ID token was given to another application."),
    "nonce": (Refusal.NONCE, "The ID token is of another sign-in."),
    "exp": (Refusal.TIME, "The ID token has expired."),
    "nbf": (Refusal.TIME, "The ID token is not valid yet."),
    "iat": (Refusal.TIME, "The ID token was made in the future."),
}


def verified_claims(
    token: Mapping[str, Any], metadata: Metadata, client_id: str, nonce: str, now: datetime
) -> Mapping[str, Any]:
    """The claims of the ID token in a token response; IdentityRefusedError for the first thing that does not hold."""
    text = token.get("id_token")
    if not isinstance(text, str) or len(text) > MOST_TOKEN:
        raise IdentityRefusedError(Refusal.FORM, "The provider sent no ID token.")
    decoded = _decoded(text, metadata)
    issuer = metadata.document()["issuer"]
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": client_id},
            "sub": {"essential": True},
            "exp": {"essential": True},
            "iat": {"essential": True},
        },
        {"nonce": nonce, "client_id": client_id, "access_token": token.get("access_token")},
    )
    try:
        claims.validate(now=int(now.timestamp()), leeway=int(SKEW.total_seconds()))
    except MissingClaimError as error:
        raise _refused(error.claim if error.claim in {"azp", "nonce"} else None) from error
    except ClaimError as error:
        raise _refused(error.claim) from error
    if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and "azp" not in claims:
        raise _refused("azp")
    return dict(claims)


def check_strength(claims: Mapping[str, Any], settings: ProviderSettings, now: datetime) -> None:
    """IdentityRefusedError where the person proved less to the provider, or longer ago, than is agreed.

    What was asked for in the request is judged by the answer alone: a provider may ignore it.
    """
    told, told_ways, since = claims.get("acr"), claims.get("amr"), claims.get("auth_time")
    ways = {way for way in told_ways if isinstance(way, str)} if isinstance(told_ways, list) else set()
    faults = []
    if settings.acr and told not in settings.acr:
        faults.append("class of sign-in (acr)")
    if not ways.issuperset(settings.amr):
        faults.append(f"proof by {', '.join(settings.amr)} (amr)")
    if settings.max_age_s is not None and not _recent(since, timedelta(seconds=settings.max_age_s), now):
        faults.append(f"proof within {settings.max_age_s} s (auth_time)")
    if faults:
        raise IdentityRefusedError(
            Refusal.STRENGTH, f"{settings.name} does not tell what is asked for here: {'; '.join(faults)}."
        )


def _recent(since: object, most: timedelta, now: datetime) -> bool:
    """Whether a time in seconds since 1970 lies no longer back, and not in the future."""
    if not isinstance(since, int | float) or isinstance(since, bool):
        return False
    ago_s = now.timestamp() - since
    return -SKEW.total_seconds() <= ago_s <= (most + SKEW).total_seconds()


def _decoded(text: str, metadata: Metadata) -> jwt.Token:
    try:
        kid = extract_compact(text.encode()).headers().get("kid")
        return jwt.decode(text, metadata.keys(kid if isinstance(kid, str) else None), algorithms=ALGORITHMS)
    except (JoseError, ValueError) as error:
        raise IdentityRefusedError(Refusal.SIGNATURE, "The ID token is signed by no key of the provider.") from error


def _refused(claim: str | None) -> IdentityRefusedError:
    reason, told = _REASONS.get(claim or "", (Refusal.FORM, "The ID token lacks what it must have."))
    return IdentityRefusedError(reason, told)

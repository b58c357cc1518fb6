"""Requests of programs: a token in `Authorization: Bearer` (RFC 6750), on the API and on the routes of uploads only."""

from __future__ import annotations

from starlette.requests import Request

from headgate.core.accounts import Account
from headgate.core.errors import HeadgateError
from headgate.core.tokens import Token
from headgate.tokens import account_of_token
from headgate.web.site import site_of

PLACES = ("/api/", "/files")  # pages are for browsers: a token opens none

CHALLENGE = "Bearer"  # of an answer 401 to a request without a token
REFUSED = 'Bearer error="invalid_token"'  # to one with a token that does not do


class TokenRefusedError(HeadgateError):
    """The token is unknown, has expired or was revoked, or its account is disabled: nobody learns which."""


class TooManyTriesError(HeadgateError):
    """Too many tokens or passwords from this address did not do."""

    def __init__(self, wait_s: int) -> None:
        self.wait_s = wait_s
        super().__init__(f"Too many tokens or passwords from this address did not do. Next: wait {wait_s} s.")


def bearer_of(request: Request) -> str | None:
    """The token that the request brings where one may; None else. With one no cookie counts."""
    path = request.url.path.removeprefix(request.scope.get("root_path", ""))
    if not any(path.startswith(place) for place in PLACES):
        return None
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def speaker_of(request: Request, secret: str) -> tuple[Account, Token]:
    """Who the token speaks for; TokenRefusedError for nobody, TooManyTriesError where nobody looks any more."""
    site = site_of(request)
    now = site.people.clock()
    address = request.client.host if request.client else ""
    if wait_s := site.tries.wait_s(address, now):
        raise TooManyTriesError(wait_s)
    found = account_of_token(site.people, secret)
    if found is None:
        site.tries.failed(address, now)
        raise TokenRefusedError("This token is not known. Next: make one at `/me`, or `headgate accounts token`.")
    return found

"""The errors that calls of the API answer with, for its document: each has the form `Error`."""

from __future__ import annotations

from typing import Any

from headgate.web.api_models import Error


def _error(description: str) -> dict[str, Any]:
    return {"model": Error, "description": description}


ERRORS: dict[int | str, dict[str, Any]] = {
    401: _error("Nobody is signed in, or the token does not do."),
    403: _error("No role gives the permission, the token does not name it, or a second factor must be set up first."),
    422: _error("The call was wrong."),
    429: _error(
        "Too many calls of the account, or tokens from this address that did not do: wait as Retry-After says."
    ),
    503: _error("Not now: try again."),
}
NOT_THERE: dict[int | str, dict[str, Any]] = {404: _error("Not there, or not for you.")}
CHANGES: dict[int | str, dict[str, Any]] = {
    400: _error("The body was wrong, or what it asks for cannot be."),
    409: _error("It is not as it was shown any more, or somebody else was first."),
}

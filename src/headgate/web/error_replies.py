"""The one JSON shape of all errors: `{"error": {"code": ..., "message": ..., "next": ...}}`."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse

from headgate.uploads.refusals import Refusal

STATUS_OF_REFUSAL: Mapping[str, int] = {
    Refusal.UNKNOWN: 404,
    Refusal.GONE: 410,
    Refusal.LOCKED: 423,
    Refusal.OFFSET: 409,
    Refusal.LENGTH: 400,
    Refusal.TOO_LARGE: 413,
    Refusal.QUOTA: 507,  # as WebDAV tells its quotas (RFC 4331)
    Refusal.FULL: 507,
    Refusal.DAY: 429,
    Refusal.LINK: 403,
    Refusal.LINK_FULL: 413,
    Refusal.TOO_MANY: 429,
    Refusal.METADATA: 400,
    Refusal.NAME: 400,
    Refusal.CHECKSUM_HEADER: 400,
    Refusal.CHECKSUM: 460,  # the protocol's own
    Refusal.DIGEST: 422,  # no client tries it again by itself, and that would be in vain
    Refusal.FINAL: 403,
    Refusal.PART: 400,
    Refusal.SCAN: 422,
    Refusal.DISK: 507,
}


def error_reply(
    status: int, code: str, message: str, next_step: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An error as JSON."""
    content = {"error": {"code": code, "message": message, "next": next_step}}
    return JSONResponse(content, status, dict(headers or {}))

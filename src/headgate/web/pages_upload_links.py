"""Upload links for outsiders: made, listed and revoked by who keeps their flow running."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headgate.core.errors import NotFoundError, UsageError
from headgate.core.roles import Permission
from headgate.core.upload_links import UploadLink
from headgate.upload_links import MOST_LENGTH, WantedLink, make_upload_link
from headgate.web.access import Visitor, changing, needs, refuse
from headgate.web.rendering import page
from headgate.web.site import site_of

routes = APIRouter()

Operates = Annotated[Visitor, Depends(needs(Permission.OPERATE))]
Changes = Annotated[Visitor, Depends(changing(Permission.OPERATE))]

DAYS, FILES, MEBIBYTES = 14, 20, 2048  # what the form begins with
_MEBIBYTE = 1 << 20
_MOST_FILES, _MOST_MEBIBYTES = 100_000, 1 << 24


class _Asked(NamedTuple):
    days: int
    files: int
    size_mib: int
    patterns: tuple[str, ...]


def _asked(
    days: Annotated[int, Form(ge=1, le=MOST_LENGTH.days)] = DAYS,
    files: Annotated[int, Form(ge=1, le=_MOST_FILES)] = FILES,
    size_mib: Annotated[int, Form(ge=1, le=_MOST_MEBIBYTES)] = MEBIBYTES,
    patterns: Annotated[str, Form(max_length=500)] = "",
) -> _Asked:
    """The limits that the form asks for."""
    return _Asked(days, files, size_mib, tuple(patterns.replace(",", " ").split()))


@routes.get("/links")
def links_page(request: Request, who: Operates) -> Response:
    """The links of the visitor's flows, and a form to make one."""
    return _page(request, who)


@routes.post("/links")
def make(
    request: Request,
    who: Changes,
    asked: Annotated[_Asked, Depends(_asked)],
    label: Annotated[str, Form(max_length=63)] = "",
    flow: Annotated[str, Form(max_length=63)] = "",
) -> Response:
    """A new link; its address is shown this once."""
    site = site_of(request)
    if not who.may(Permission.OPERATE, flow):
        return _page(request, who, fault=f"You may not make links for a flow called {flow[:63]!r}.")
    wanted = WantedLink(
        flow=flow,
        label=label,
        length=timedelta(days=asked.days),
        most_files=asked.files,
        most_bytes=asked.size_mib * _MEBIBYTE,
        patterns=asked.patterns,
    )
    flows, people = list(site.platform.flows.values()), site.people
    try:
        link, secret = make_upload_link(
            wanted,
            flows,
            site.links,
            people.accounts,
            clock=people.clock,
            random=people.random,
            by=who.account.id,
        )
    except UsageError as error:
        return _page(request, who, fault=str(error))
    return _page(request, who, made=link, url=str(request.url_for("send_page", secret=secret)))


@routes.post("/links/{link}/revoke")
def revoke(request: Request, who: Changes, link: str) -> Response:
    """End a link at once; what was sent by it stays."""
    site = site_of(request)
    found = site.links.links(ids=[link])
    if not found or not who.may(Permission.OPERATE, found[0].flow):
        if found:
            refuse(request, who, Permission.OPERATE, "")
        raise NotFoundError(f"There is no upload link {link[:40]!r} in your flows.")
    site.links.revoke(link, at=site.people.clock(), by=who.account.id)
    return RedirectResponse(f"{request.scope.get('root_path', '')}/links", status_code=303)


def _page(
    request: Request, who: Visitor, *, fault: str = "", made: UploadLink | None = None, url: str = ""
) -> Response:
    site = site_of(request)
    flows = who.flows(Permission.OPERATE)
    links = site.links.links(flows=flows)
    names = {one.id: one.name for one in site.people.accounts.accounts(ids={link.made_by for link in links})}
    return page(
        request,
        "links.html",
        who,
        status=400 if fault else 200,
        links=links,
        used=site.links.used([link.id for link in links]),
        makers=names,
        flows=flows,
        start={"days": DAYS, "files": FILES, "size_mib": MEBIBYTES},
        fault=fault,
        made=made,
        url=url,
    )

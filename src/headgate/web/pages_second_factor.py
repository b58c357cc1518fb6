"""One's own second factor: set up, confirmed by a code, turned off by one."""

from __future__ import annotations

from typing import Annotated

import segno
from fastapi import APIRouter, Depends, Form
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from headgate.core.errors import UsageError
from headgate.core.totp import enrolment_uri, secret_text
from headgate.people import shows_password
from headgate.second_factor import MOST_CODE, code_fits, new_secret, take_off, turn_on
from headgate.web.access import Visitor, changing
from headgate.web.bearer import TooManyTriesError
from headgate.web.pages_me import me_page
from headgate.web.pending import LENGTH, Enrolment
from headgate.web.rendering import page
from headgate.web.site import site_of

routes = APIRouter()

Changes = Annotated[Visitor, Depends(changing(None))]
Code = Annotated[str, Form(max_length=MOST_CODE)]


@routes.post("/me/second-factor")
def set_up(request: Request, who: Changes) -> Response:
    """A secret for an authenticator, which counts once a code of it was shown."""
    if who.account.second_factor or who.account.issuer:
        return me_page(request, who, failed="Nothing was set up", fault="A second factor is asked for already.")
    return _page(request, who, new_secret(site_of(request).people))


@routes.post("/me/second-factor/confirm")
def confirm(
    request: Request,
    who: Changes,
    enrolment: Annotated[str, Form(max_length=100)],
    code: Code,
    before: Annotated[str, Form(max_length=256)] = "",
) -> Response:
    """Codes are asked for from now on."""
    site, failed = site_of(request), "The second factor was not turned on"
    found = site.enrolments.take(enrolment, site.people.clock())
    if found is None or found.account != who.account.id:
        return me_page(request, who, failed=failed, fault="It took too long. Next: set it up again.")
    if not shows_password(site.people, site.passwords, who.account, before):
        fault = "The password is another one, or the account waits after wrong ones."
        return _page(request, who, found.secret, fault=fault)
    try:
        recovery = turn_on(site.people, who.account, found.secret, code, keep=who.session.id)
    except UsageError as error:
        return me_page(request, who, failed=failed, fault=str(error))
    if recovery is None:
        fault = (
            "The code does not fit. Next: look whether the phone's clock is right, and give the code that it shows now."
        )
        return _page(request, who, found.secret, fault=fault)
    return page(request, "recovery.html", who, codes=recovery)


@routes.post("/me/second-factor/off")
def turn_off(request: Request, who: Changes, code: Code) -> Response:
    """No code is asked for any more."""
    people = site_of(request).people
    if not code_fits(people, who.account, code):
        return me_page(request, who, failed="The second factor is still on", fault="The code does not fit.")
    take_off(people, who.account, by=who.account.id)
    return me_page(request, who, done="The second factor is off.")


def _page(request: Request, who: Visitor, secret: bytes, *, fault: str = "") -> Response:
    site = site_of(request)
    enrolment, thing = site.people.secret(), Enrolment(account=who.account.id, secret=secret)
    if not site.enrolments.put(enrolment, who.account.id, thing, site.people.clock()):
        raise TooManyTriesError(int(LENGTH.total_seconds()))
    uri = enrolment_uri(secret, project=site.platform.project, name=who.account.name)
    picture = segno.make(uri, error="m", micro=False).svg_inline(scale=4, border=4, dark="#000", light="#fff")
    return page(
        request,
        "second_factor.html",
        who,
        status=400 if fault else 200,
        enrolment=enrolment,
        picture=Markup(picture),  # noqa: S704  drawn by segno from numbers; no text of anybody stands in it
        text=secret_text(secret),
        uri=uri,
        fault=fault,
    )

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
from headgate.web.access import Entering, Visitor, changing, changing_while_entering
from headgate.web.bearer import TooManyTriesError
from headgate.web.pages_me import back_to_me, me_page
from headgate.web.pending import LENGTH, Enrolment
from headgate.web.rendering import page
from headgate.web.sessions import SET_UP_FACTOR
from headgate.web.site import site_of

routes = APIRouter()

PLACE = SET_UP_FACTOR
Changes = Annotated[Visitor, Depends(changing(None))]
Enters = Annotated[Visitor, Depends(changing_while_entering)]
Code = Annotated[str, Form(max_length=MOST_CODE)]


@routes.get(PLACE)
def needed(request: Request, who: Entering) -> Response:
    """For whoever must set one up before anything else; others find it among their own things."""
    if not site_of(request).people.rules.lacks_factor(who.account):
        return back_to_me(request)
    return _needed_page(request, who)


@routes.post(PLACE)
def set_up(request: Request, who: Enters) -> Response:
    """A secret for an authenticator, which counts once a code of it was shown."""
    if who.account.second_factor or who.account.issuer:
        return me_page(request, who, failed="Nothing was set up", fault="A second factor is asked for already.")
    return _page(request, who, new_secret(site_of(request).people))


@routes.post("/me/second-factor/confirm")
def confirm(
    request: Request,
    who: Enters,
    enrolment: Annotated[str, Form(max_length=100)],
    code: Code,
    before: Annotated[str, Form(max_length=256)] = "",
) -> Response:
    """Codes are asked for from now on."""
    site, failed = site_of(request), "The second factor was not turned on"
    found = site.enrolments.take(enrolment, site.people.clock())
    if found is None or found.account != who.account.id:
        fault = "It took too long. Next: set it up again."
        if site.people.rules.lacks_factor(who.account):
            return _needed_page(request, who, failed=failed, fault=fault)
        return me_page(request, who, failed=failed, fault=fault)
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
    if people.rules.asks(who.account):
        fault = "A role of yours asks for one. Next: where the authenticator is lost, ask an admin."
        return me_page(request, who, failed="The second factor is still on", fault=fault)
    if not code_fits(people, who.account, code):
        return me_page(request, who, failed="The second factor is still on", fault="The code does not fit.")
    take_off(people, who.account, by=who.account.id)
    return me_page(request, who, done="The second factor is off.")


def _needed_page(request: Request, who: Visitor, *, failed: str = "", fault: str = "") -> Response:
    status = 400 if fault else 200
    return page(request, "second_factor_needed.html", who, status=status, failed=failed, fault=fault)


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

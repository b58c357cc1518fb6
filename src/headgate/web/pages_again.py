"""Running a delivery again: what will happen is said first, and only that is done."""

from __future__ import annotations

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headgate.core.errors import UsageError
from headgate.core.records import Delivery
from headgate.core.roles import Permission
from headgate.operations import RETENTION, reprocess, retry
from headgate.serve.again_plan import AgainPlan, plan_again
from headgate.web.access import Visitor, changing, needs, refuse, seen_delivery
from headgate.web.rendering import page
from headgate.web.site import site_of

routes = APIRouter()


@routes.get("/deliveries/{delivery}/again")
def again_page(
    request: Request, who: Annotated[Visitor, Depends(needs(Permission.OPERATE))], delivery: str
) -> Response:
    """What would happen, and the button that does it."""
    one, plan = _planned(request, who, delivery)
    return page(request, "again.html", who, one=one, plan=plan, fault="")


@routes.post("/deliveries/{delivery}/again")
def run_again(
    request: Request,
    who: Annotated[Visitor, Depends(changing(Permission.OPERATE))],
    delivery: str,
    plan: Annotated[str, Form(max_length=64)] = "",
    same: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """Do what was said, unless it is no longer what would happen."""
    one, now = _planned(request, who, delivery)
    if now is None or not secrets.compare_digest(plan.encode(), now.digest.encode()):
        fault = "What was shown is not what would happen any more. Nothing was done. Next: read it again."
        return page(request, "again.html", who, status=409, one=one, plan=now, fault=fault)
    site = site_of(request)
    try:
        if now.act == "retry":
            retry(site.platform, [one])
        else:
            reprocess(site.platform, one, values={}, same=same == "yes")
    except UsageError as error:
        return page(request, "again.html", who, status=409, one=one, plan=now, fault=str(error))
    site.wake()
    root = request.scope.get("root_path", "")
    place = request.url_for("delivery_page", delivery=one.id).path
    return RedirectResponse(f"{root}{place}?again={now.act}", status_code=303)


def _planned(request: Request, who: Visitor, delivery: str) -> tuple[Delivery, AgainPlan | None]:
    one = seen_delivery(request, who, delivery)
    if not who.may(Permission.OPERATE, one.flow):
        raise refuse(request, who, Permission.OPERATE, f"{who.account.name} may not run deliveries of {one.flow}.")
    return one, plan_again(site_of(request).platform, one, retention=RETENTION)

"""Flows: a list of all, each with its contract for people, its rules with what they caught, its parameters."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Form, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from headgate.core.contract import Contract
from headgate.core.errors import ConfigurationError, NotFoundError, UsageError
from headgate.core.flow import Flow
from headgate.core.records import Counts
from headgate.core.roles import Permission
from headgate.operations import change_parameter
from headgate.people import deciding
from headgate.serve.flow_story import FlowStory, tell_flow
from headgate.serve.overview import Overview, read_overview
from headgate.serve.relations import standing_tables
from headgate.serve.report_numbers import in_words
from headgate.serve.table_page import address_of
from headgate.web.access import Visitor, changing, needs, refuse
from headgate.web.charts import reason_bar
from headgate.web.pictures import spark
from headgate.web.rendering import page
from headgate.web.site import site_of
from headgate.web.trial import MOST_DELIVERIES, MOST_ROWS, Trial, contract_text

routes = APIRouter()

COLUMNS = 60  # shown until all are asked for

Sees = Annotated[Visitor, Depends(needs(Permission.SEE))]
Operates = Annotated[Visitor, Depends(changing(Permission.OPERATE))]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a parameter as somebody typed it."""

    name: str = ""
    value: str = ""
    reason: str = ""


@routes.get("/flows")
def flows_page(request: Request, who: Sees) -> Response:
    """All flows that one may see."""
    site = site_of(request)
    overview = read_overview(site.platform, who.flows(Permission.SEE), files_of_no_flow=False)
    contracts = {flow.name: site.platform.flows[flow.name].contract for flow in overview.flows}
    sums = {flow.name: sum(flow.by_day, Counts()) for flow in overview.flows}
    return page(
        request,
        "flows.html",
        who,
        overview=overview,
        lead=_lead(overview),
        contracts=contracts,
        owners={name: owner_of(contract) for name, contract in contracts.items()},
        sums=sums,
        shares={name: share_of(counts) for name, counts in sums.items()},
        sparks={flow.name: spark(flow.days) for flow in overview.flows},
    )


@routes.get("/flows/{flow}")
def flow_page(
    request: Request, who: Sees, flow: str, columns: str = "", changed: Annotated[int | None, Query()] = None
) -> Response:
    """One flow."""
    told = None
    if changed is not None:
        heading = f"Version {changed} is in force"
        told = {"heading": heading, "text": "It counts for deliveries that are checked from now on."}
    return _page(request, who, seen_flow(request, who, flow), every_column=columns == "all", told=told)


@routes.get("/flows/{flow}/contract.odcs.yaml")
def contract_file(request: Request, who: Sees, flow: str) -> Response:
    """The contract in force, as the ledger has it."""
    found = seen_flow(request, who, flow)
    text = site_of(request).platform.ledger.contract(digest=found.contract.digest)
    if text is None:
        raise NotFoundError("The ledger has no contract of this flow yet. Next: run a file of it.")
    headers = {"Content-Disposition": 'attachment; filename="contract.odcs.yaml"'}
    return Response(text, media_type="application/yaml", headers=headers)


def asked_change(
    name: Annotated[str, Form(max_length=200)] = "",
    value: Annotated[str, Form(max_length=4000)] = "",
    reason: Annotated[str, Form(max_length=500)] = "",
) -> Asked:
    """What the form says."""
    return Asked(name=name, value=value, reason=reason)


@routes.post("/flows/{flow}/parameters")
def set_parameter(
    request: Request, who: Operates, flow: str, asked: Annotated[Asked, Depends(asked_change)]
) -> Response:
    """Enter the next version of a parameter; a table's is set on the command line, where its file is."""
    found, platform = seen_flow(request, who, flow), site_of(request).platform
    if not who.may(Permission.OPERATE, flow):
        raise refuse(request, who, Permission.OPERATE, f"{who.account.name} may not change parameters of {flow}.")
    if names := deciding(site_of(request).people.accounts, flow):
        fault = (
            f"{', '.join(names[:3])} decide in flow {flow}: its rules change by their votes. Next: propose a change."
        )
        return _page(request, who, found, asked=asked, fault=fault)
    if any(one.name == asked.name and one.type == "table" for one in found.parameters):
        fault = f"{asked.name} is a table. Next: `headgate parameters set {flow} {asked.name} FILE --reason TEXT`."
        return _page(request, who, found, asked=asked, fault=fault)
    try:
        version = change_parameter(
            platform, flow, asked.name, asked.value.strip(), set_by=who.account.name, reason=asked.reason
        )
    except (ConfigurationError, UsageError, NotFoundError) as error:
        return _page(request, who, found, asked=asked, fault=str(error))
    root = request.scope.get("root_path", "")
    place = request.url_for("flow_page", flow=flow).path
    return RedirectResponse(f"{root}{place}?changed={version.number}#parameters-title", status_code=303)


def seen_flow(request: Request, who: Visitor, name: str) -> Flow:
    """The flow of that name, where it is one of the visitor's; NotFoundError else, in the same words."""
    if name in who.flows(Permission.SEE):
        return site_of(request).platform.flows[name]
    if name in who.known_flows:
        refuse(request, who, Permission.SEE, "")
    raise NotFoundError(f"There is no flow {name[:80]!r} among yours.")


def owner_of(contract: Contract) -> str:
    """Who is named as owner, else the first of the team."""
    owners = [account for account, role in contract.team if role.lower() == "owner"]
    return next(iter([*owners, *(account for account, _ in contract.team)]), "")


def share_of(counts: Counts) -> float | None:
    """Accepted of what is no duplicate; None for no row."""
    judged = counts.received - counts.duplicate
    return counts.accepted / judged if judged else None


def _lead(overview: Overview) -> str:
    flows = overview.flows
    if not flows:
        return "There is nothing that you may see."
    shares = [(flow, share_of(sum(flow.by_day, Counts()))) for flow in flows]
    below = [flow for flow, share in shares if share is not None and share < flow.threshold]
    told = f"{in_words(len(flows)).capitalize()} {'flow' if len(flows) == 1 else 'flows'}."
    if not below:
        return f"{told} None accepted less than its threshold over 14 days."
    names = ", ".join(flow.name for flow in below[:3]) + (" and others" if len(below) > 3 else "")  # noqa: PLR2004
    return f"{told} {names} accepted less than the threshold over 14 days."


def _page(
    request: Request,
    who: Visitor,
    flow: Flow,
    *,
    every_column: bool = False,
    asked: Asked | None = None,
    told: dict[str, str] | None = None,
    fault: str = "",
) -> Response:
    platform = site_of(request).platform
    story = tell_flow(platform, flow)
    decided = deciding(site_of(request).people.accounts, flow.name)
    in_force = [one for one in story.history.versions if one.digest == flow.contract.digest]
    return page(
        request,
        "flow.html",
        who,
        status=400 if fault else 200,
        flow=flow,
        story=story,
        owner=owner_of(flow.contract),
        in_force=in_force[0] if in_force else None,
        shown_columns=story.columns if every_column else story.columns[:COLUMNS],
        bars=_bars(story),
        standing={address_of(one.table): one.version for one in standing_tables(platform) if one.flow == flow.name},
        may_query=who.may(Permission.QUERY, flow.name),
        may_change=who.may(Permission.OPERATE, flow.name) and not decided,
        may_propose=who.may(Permission.DECIDE, flow.name),
        may_try=who.may(Permission.DECIDE, flow.name),
        trial=Trial(),
        contract_text=contract_text(platform, flow),
        most=(MOST_DELIVERIES, MOST_ROWS),
        changeable=[one for one in story.parameters if one.declaration.type != "table"],
        tables_left=[one.declaration.name for one in story.parameters if one.declaration.type == "table"],
        asked=asked or Asked(),
        told=told,
        fault=fault,
    )


def _bars(story: FlowStory) -> dict[str, object]:
    roles = {"hold": "f-held", "reject": "f-rejected", "warn": "f-soft"}
    return {
        one.rule.id: reason_bar(
            "f-duplicate" if one.rule.kind == "key" else roles[one.rule.consequence], one.caught, story.most_caught
        )
        for one in story.rules
    }

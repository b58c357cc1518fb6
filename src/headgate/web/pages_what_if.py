"""What if: a proposed contract or value over what came before, as a matrix of verdicts and the rows that move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from headgate.core.cases import WHOLE_DELIVERY, CaseFilter
from headgate.core.errors import ConflictError, HeadgateError, UsageError
from headgate.core.flow import Flow
from headgate.core.reasons import Verdict
from headgate.core.roles import Permission
from headgate.deciding.replay_choice import Which
from headgate.deciding.replay_document import drifted, held_changes, question, sentence
from headgate.deciding.replay_proposal import Proposal
from headgate.deciding.replay_result import Replay
from headgate.serve.parameter_history import parameter_lines
from headgate.web.access import Visitor, changing
from headgate.web.asked import form_of
from headgate.web.rendering import page
from headgate.web.replaying import replay_bounded, replayed_flow
from headgate.web.site import Site, site_of
from headgate.web.trial import MOST_DELIVERIES, MOST_ROWS, Trial, contract_text, read_trial

routes = APIRouter()


@routes.post("/flows/{flow}/what-if")
def what_if(
    request: Request,
    who: Annotated[Visitor, Depends(changing(Permission.DECIDE))],
    flow: str,
    form: Annotated[FormData, Depends(form_of)],
) -> Response:
    """Replay what the form proposes, and show the difference; changes nothing."""
    found, site = replayed_flow(request, who, flow), site_of(request)
    trial = read_trial(form, contract_text(site.platform, found))
    proposal = Proposal(contract_text=trial.contract_text, values=trial.values)
    try:
        replayed = replay_bounded(site, who, found, proposal, Which(newest=trial.newest))
    except UsageError as error:
        status = 409 if isinstance(error, ConflictError) else 400
        return _page(request, who, found, trial, fault=error, status=status)
    return _page(request, who, found, trial, replayed=replayed)


def _page(
    request: Request,
    who: Visitor,
    flow: Flow,
    trial: Trial,
    *,
    replayed: Replay | None = None,
    fault: HeadgateError | None = None,
    status: int = 200,
) -> Response:
    site = site_of(request)
    told: dict[str, Any] = {}
    if replayed is not None:
        told = {
            "question": question(replayed),
            "sentence": sentence(replayed),
            "notes": held_changes(replayed),
            "drifted": drifted(replayed),
            "cells": {(cell.now, cell.then): cell.rows for cell in replayed.cells},
            "verdicts": [verdict.value for verdict in Verdict],
            "places": _places(site, replayed),
        }
    return page(
        request,
        "what_if.html",
        who,
        status=status,
        flow=flow,
        parameters=parameter_lines(site.platform, flow),
        contract_text=contract_text(site.platform, flow),
        most=(MOST_DELIVERIES, MOST_ROWS),
        trial=trial,
        replayed=replayed,
        fault="" if fault is None else str(fault),
        **told,
    )


def _places(site: Site, replayed: Replay) -> Mapping[tuple[str, int], str]:
    """Where each row that is shown stands: in its case where it waits, else with its delivery."""
    samples = [(move, sample) for move in replayed.moves for sample in move.samples]
    cases = {
        (case.delivery, case.rule): case.id
        for delivery in sorted({sample.delivery for _, sample in samples})
        for case in site.desk.cases.cases(CaseFilter(delivery=delivery))
    }
    places: dict[tuple[str, int], str] = {}
    for move, one in samples:
        case = cases.get((one.delivery, move.rule)) or cases.get((one.delivery, WHOLE_DELIVERY))
        waits = move.now == Verdict.HELD and case is not None
        places[one.delivery, one.row] = f"/cases/{case}?row={one.row}" if waits else f"/deliveries/{one.delivery}"
    return places

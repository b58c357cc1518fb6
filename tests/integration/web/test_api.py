"""The API: what it answers, and that its own document tells the truth, as schemathesis finds by calling it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.routing import APIRoute
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.harness.project import all_deliveries, arrived, make_project, make_sales, open_project
from tests.integration.web.conftest import HOST, Web

from headgate import operations
from headgate.core.records import Event
from headgate.core.roles import Grant, Role
from headgate.web.api import routes

EXAMPLES = int(os.environ.get("HEADGATE_API_EXAMPLES", "25"))  # of each operation and kind; `make api-soak` takes more
OPERATIONS = [one.path for one in routes.routes if isinstance(one, APIRoute) and one.include_in_schema]
EVERYTHING = (Grant(role=Role.ADMIN), Grant(role=Role.AUDITOR))


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a run, so that there is a report; for these tests instead of the others'."""
    folder = make_project(tmp_path_factory.mktemp("api") / "project", "retail", "sales")
    platform = open_project(folder)
    files = make_sales(folder / "incoming", count=300, seed=5, defects=0.1).files
    operations.run(platform, arrived(files), reports=folder / "reports")
    platform.close()
    return folder


@pytest.fixture
def document(web: Web) -> dict[str, Any]:
    answer = web.signed_in(web.account(*EVERYTHING)).get("/api/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_the_document_tells_of_the_api_and_of_nothing_else(web: Web, document: dict[str, Any]) -> None:
    assert set(document["paths"]) == set(OPERATIONS)
    assert all(path.startswith("/api/") for path in document["paths"])
    assert all(set(methods) == {"get"} for methods in document["paths"].values())
    for path, methods in document["paths"].items():
        answers = methods["get"]["responses"]
        assert {"200", "401", "403", "422", "503"} <= set(answers), path
        for status in set(answers) - {"200"}:
            assert answers[status]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}
    assert document["security"] == [{"session": []}]
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert web.client().get("/api/openapi.json").status_code == 401


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("path", OPERATIONS)
def test_every_answer_is_as_the_document_tells(
    web: Web, document: dict[str, Any], path: str, mode: GenerationMode
) -> None:
    client = web.signed_in(web.account(*EVERYTHING))
    one = all_deliveries(web.site.platform)[0]
    right = {"delivery": one.id, "number": 1, "flow": "sales"}
    del document["security"]  # who calls is settled: every call has the session's own cookie
    schema = schemathesis.openapi.from_dict(document)
    schema.app = web.app
    operation = schema[path]["GET"]
    checks = [not_a_server_error, status_code_conformance, content_type_conformance]
    checks += [response_headers_conformance, response_schema_conformance]
    if mode is GenerationMode.NEGATIVE:
        if not document["paths"][path]["get"].get("parameters"):
            return  # nothing that could be wrong
        checks.append(negative_data_rejection)
    called: list[int] = []

    @settings(
        max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def call(case: Case[Any]) -> None:
        if mode is GenerationMode.POSITIVE and len(called) % 2:  # every second one leads somewhere
            case.path_parameters = {**(case.path_parameters or {}), **{k: v for k, v in right.items() if k in path}}
        answer = case.call(base_url=f"https://{HOST}", cookies=dict(client.cookies), headers={"Host": HOST})
        called.append(answer.status_code)
        case.validate_response(answer, checks=checks)

    call()
    if mode is GenerationMode.POSITIVE:
        assert 200 in called
    assert 401 not in called


def test_scripts_find_their_way(web: Web) -> None:
    client = web.signed_in(web.account(Grant(role=Role.ANALYST)))
    (one,) = client.get("/api/deliveries", params={"flow": "sales", "state": "done"}).json()["deliveries"]
    assert one == client.get(f"/api/deliveries/{one['id']}").json()
    counts = one["counts"]
    assert counts["received"] == sum(counts[name] for name in ("published", "held", "rejected", "duplicate"))
    (line,) = client.get(f"/api/deliveries/{one['id']}/receipts").json()["receipts"]
    receipt = client.get(f"/api/deliveries/{one['id']}/receipts/{line['number']}").json()
    assert receipt == json.loads(client.get(f"/deliveries/{one['id']}/receipts/1").content)
    flows = {flow["name"]: flow for flow in client.get("/api/flows").json()["flows"]}
    assert flows["sales"]["deliveries"] == {"archived": 1}
    assert flows["sales"]["rows_held"] == counts["held"]
    assert flows["retail"]["deliveries"] == {}


def test_pages_follow_each_other(web: Web) -> None:
    client = web.signed_in(web.account(Grant(role=Role.AUDITOR)))
    noise = [Event(type="noise")] * 60
    web.site.platform.ledger.append(noise, at=web.clock())
    seen: list[int] = []
    before: int | None = None
    while True:
        page = client.get("/api/events", params={} if before is None else {"before": before}).json()
        seen += [one["index"] for one in page["events"]]
        before = page["next"]
        if before is None:
            break
    assert seen == list(reversed(range(seen[0] + 1)))
    assert len(seen) > 50


@pytest.mark.parametrize(
    ("query", "told"),
    [("before=-1", "before"), ("before=x", "before"), (f"before={2**60}", "before"), ("state=best", "state")],
)
def test_a_wrong_query_is_told(web: Web, query: str, told: str) -> None:
    answer = web.signed_in(web.account(Grant(role=Role.ANALYST))).get(f"/api/deliveries?{query}")
    assert answer.status_code == 422
    assert told in answer.json()["error"]["message"]


def test_a_flow_that_one_may_not_see_is_not_there(web: Web) -> None:
    client = web.signed_in(web.account(Grant(role=Role.ANALYST, flow="retail")))
    assert [flow["name"] for flow in client.get("/api/flows").json()["flows"]] == ["retail"]
    assert client.get("/api/flows/retail/report").status_code == 404  # the run did nothing with it
    seeing = web.signed_in(web.account(Grant(role=Role.ANALYST, flow="sales")))
    assert seeing.get("/api/flows/sales/report").json()["figures"]["run"]["id"].startswith("r-")
    unseen, none = (client.get(f"/api/flows/{name}/report") for name in ("sales", "nothing"))
    assert (unseen.status_code, none.status_code) == (404, 404)
    assert unseen.json()["error"]["message"] == none.json()["error"]["message"].replace("nothing", "sales")

"""The API: what it answers, and that its own document tells the truth, as schemathesis finds by calling it."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import schemathesis
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
from headgate.core.addressees import Addressed, To, Why
from headgate.core.cases import UNDER_WAY, Act, CaseFilter, CaseKind, Comment, Decision, DecisionState
from headgate.core.cases import Case as HeldCase
from headgate.core.decision_document import document_digest
from headgate.core.parameters import vault_name
from headgate.core.records import Event
from headgate.core.roles import Grant, Permission, Role
from headgate.deciding.plan import plan
from headgate.deciding.saying import question_id
from headgate.people import add_account
from headgate.tokens import make_token
from headgate.web.api_document import DESCRIBED

EXAMPLES = int(os.environ.get("HEADGATE_API_EXAMPLES", "12"))  # of each operation and kind; `make api-soak` takes more
OPERATIONS = sorted((method, one.path) for one in DESCRIBED if one.include_in_schema for method in one.methods or ())
EVERYTHING = tuple(Grant(role=role) for role in (Role.ADMIN, Role.AUDITOR, Role.REVIEWER, Role.UPLOADER))


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
    paths = document["paths"]
    assert sorted((method.upper(), path) for path, methods in paths.items() for method in methods) == OPERATIONS
    assert all(path.startswith("/api/") for path in paths)
    assert {path for method, path in OPERATIONS if method != "GET"} == {
        "/api/flows/{flow}/what-if",
        *(f"/api/cases/{{case}}/{act}" for act in ("plan", "decide", "vote", "withdraw", "comments", "assign")),
        "/api/me/answers",
        "/api/cases",
        "/api/cases/plan",
    }
    for method, path in OPERATIONS:
        described = paths[path][method.lower()]
        answers = described["responses"]
        assert {"200", "401", "403", "422", "429", "503"} <= set(answers), path
        for status in set(answers) - {"200"}:
            assert answers[status]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}
        assert ("requestBody" in described) == (method == "POST"), path
        if method == "POST":
            assert set(described["requestBody"]["content"]) == {"application/json"}
    assert document["security"] == [{"token": []}, {"session": []}]
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert "HTTPValidationError" not in document["components"]["schemas"]
    assert web.client().get("/api/openapi.json").status_code == 401


def leading_somewhere(web: Web, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values for the places of a path, and members of a body, with which the call does something."""
    if path == "/api/me/answers":
        return {}, {"question": question_id(asked_anew(web)), "text": "so"}
    case = web.site.desk.cases.cases(CaseFilter())[0]
    places = {"delivery": all_deliveries(web.site.platform)[0].id, "number": 1, "flow": "sales", "case": case.id}
    found = {name: value for name, value in places.items() if f"{{{name}}}" in path}
    act = path.rpartition("/")[2]
    if path in {"/api/cases", "/api/cases/plan"}:
        for change in web.site.desk.cases.cases(CaseFilter(kind=CaseKind.CHANGE)):
            end_decisions(web, change)
        nothing = dict.fromkeys(("contract", "digest", "instead"))
        return found, {
            "flow": "sales",
            "parameters": {"amount_limit": "3000"},
            "reason": "season",
            "replay": 0,
        } | nothing
    if act in {"plan", "decide"}:
        end_decisions(web, case)
        nothing = dict.fromkeys(("rows", "every", "code", "value", "contract", "digest", "instead"))
        return found, {"act": "reject", "reason": "no", "but": [], "edits": []} | nothing
    if act in {"vote", "withdraw"}:
        end_decisions(web, case)
        one = proposed(web, case)
        return found, {"number": one.number} | ({"digest": one.digest} if act == "vote" else {})
    if act == "assign":
        return found, {"account": None}
    if act == "what-if":
        nothing = dict.fromkeys(("contract", "deliveries"))
        return found, {"parameters": {"amount_limit": "300.00"}} | nothing
    return found, {"text": "said"} if act == "comments" else {}


def asked_anew(web: Web) -> Addressed:
    """A question to the account `sender`, which nobody has answered yet."""
    desk = web.site.desk
    case, (sender,) = desk.cases.cases(CaseFilter())[0], web.site.people.accounts.accounts(name="sender")
    asked = Comment(case=case.id, number=0, account="a-1", at=web.clock(), text="?", question=True)
    desk.cases.comment(asked, to=[To(who=sender.id, why=Why.ASKED)])
    return desk.cases.addressed(who=sender.id)[0]


def end_decisions(web: Web, case: HeldCase) -> None:
    """Take back what is under way."""
    cases = web.site.desk.cases
    for one in cases.decisions([case.id], states=UNDER_WAY):
        cases.end(case.id, one.number, DecisionState.WITHDRAWN, note="", by=None, at=web.clock())


def proposed(web: Web, case: HeldCase) -> Decision:
    """A decision to which nobody has agreed yet."""
    desk, now = web.site.desk, web.clock()
    content = plan(desk, case, Act.REJECT).document.encoded()
    desk.platform.vault.put(vault_name(document_digest(content)), [content])
    one = Decision(
        case=case.id,
        number=0,
        act=Act.REJECT,
        digest=document_digest(content),
        rows=case.left,
        reason="no",
        proposed_by=web.account(Grant(role=Role.REVIEWER)).id,
        editors=(),
        needed=1,
        state=DecisionState.PROPOSED,
        proposed_at=now,
        expires_at=now + timedelta(days=1),
    )
    return desk.cases.propose(one, instead=None, at=now)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_answer_is_as_the_document_tells(
    web: Web, document: dict[str, Any], method: str, path: str, mode: GenerationMode
) -> None:
    accounts = web.site.people.accounts.accounts(name="sender")
    account = accounts[0] if accounts else add_account(web.site.people, "sender", EVERYTHING, by="test")
    asked = {Permission.SEE, Permission.AUDIT, Permission.DECIDE, Permission.UNMASK, Permission.UPLOAD}
    secret, _ = make_token(web.site.people, account, "test", asked, by="test")
    del document["security"]  # who calls is settled: every call has the same token
    schema = schemathesis.openapi.from_dict(document)
    schema.app = web.app
    described = document["paths"][path][method.lower()]
    checks = [not_a_server_error, status_code_conformance, content_type_conformance]
    checks += [response_headers_conformance, response_schema_conformance]
    if mode is GenerationMode.NEGATIVE:
        if not described.get("parameters") and "requestBody" not in described:
            return  # nothing that could be wrong
        checks.append(negative_data_rejection)
    called: list[int] = []

    @settings(
        max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    def call(case: Case[Any]) -> None:
        places, body = leading_somewhere(web, path)
        if mode is GenerationMode.POSITIVE and len(called) % 2:  # every second one leads somewhere
            case.path_parameters = {**(case.path_parameters or {}), **places}
            if body and len(called) % 4 == 1:
                case.body = {**case.body, **body} if isinstance(case.body, dict) else body
        headers = {"Host": HOST, "Authorization": f"Bearer {secret}"}
        answer = case.call(base_url=f"https://{HOST}", headers=headers)
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

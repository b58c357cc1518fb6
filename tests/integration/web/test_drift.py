"""Drift on its page: what the contract would become is shown, agreed to by votes, and puts itself in force."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from tests.harness.project import all_deliveries, make_project, make_sales, open_project, run_files
from tests.integration.web.conftest import Web
from tests.integration.web.test_cases import Reviewer, decision_of, hidden
from tests.integration.web.test_cases_api import call

from headgate import pipeline
from headgate.core.cases import CaseFilter, CaseKind, DecisionState
from headgate.core.states import DeliveryState
from headgate.deciding.drift import drafted_contract
from headgate.deciding.execution import execute_due


@pytest.fixture(scope="module")
def drifted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which two files with a new column wait."""
    folder = make_project(tmp_path_factory.mktemp("drifted") / "project", "retail", "sales")
    platform = open_project(folder)
    files = make_sales(folder / "incoming", count=80, seed=5, files=2).files
    for file in files:
        document = json.loads(file.read_text())
        for row in document["transactions"]:
            row["channel"] = "</pre><script>alert(1)</script>"
        file.write_text(json.dumps(document))
    run_files(platform, list(files))
    assert {one.state for one in all_deliveries(platform)} == {DeliveryState.HELD}
    platform.close()
    return folder


@pytest.fixture
def landed(drifted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(drifted, tmp_path / "project"))


def test_the_contract_is_accepted_by_two_and_both_files_go_on(web: Web, landed: Path) -> None:
    first, second = Reviewer(web), Reviewer(web)
    case = web.site.desk.cases.cases(CaseFilter(kind=CaseKind.DRIFT))[0]
    assert "channel" in first.client.get(f"/cases/{case.id}").text
    form = {"case": case.id, "only": case.id, "back": "case"}
    shown = first.post("/inbox/plan", form, live=True).text
    assert "<ins>+      - name: channel</ins>" in shown
    assert "2 people must agree" in shown
    assert "<script>" not in shown
    asked = form | {
        "act": "accept",
        "reason": "the shop tells it now",
        "digest.accept": hidden(shown, "digest.accept")[0],
    }
    first.post("/inbox/decide", asked)
    decision = decision_of(web, case)
    assert (decision.state, len(decision.agreed), decision.needed) == (DecisionState.PROPOSED, 1, 2)
    second.post(f"/cases/{case.id}/vote", {"number": str(decision.number), "digest": decision.digest})
    assert decision_of(web, case).state is DecisionState.DECIDED
    web.clock.now += timedelta(minutes=1)
    execute_due(web.site.desk)
    pipeline.work(web.site.platform)
    assert {one.state for one in all_deliveries(web.site.platform)} == {DeliveryState.ARCHIVED}
    contract = (landed / "flows" / "sales" / "contract.odcs.yaml").read_text()
    assert "\n      - name: channel\n" in contract
    assert web.site.platform.flows["sales"].contract.version in contract


def test_another_contract_than_was_shown_is_refused(web: Web, landed: Path) -> None:
    reviewer = Reviewer(web)
    case = web.site.desk.cases.cases(CaseFilter(kind=CaseKind.DRIFT))[0]
    form = {"case": case.id, "only": case.id, "back": "case"}
    digest = hidden(reviewer.post("/inbox/plan", form, live=True).text, "digest.accept")[0]
    place = landed / "flows" / "sales" / "contract.odcs.yaml"
    place.write_text(place.read_text() + "\n# somebody was here\n")
    answer = reviewer.post("/inbox/decide", form | {"act": "accept", "reason": "seen", "digest.accept": digest})
    assert answer.status_code == 409
    assert not web.site.desk.cases.decisions([case.id])


def test_the_api_tells_the_contract_and_takes_another(web: Web) -> None:
    one, case = Reviewer(web), web.site.desk.cases.cases(CaseFilter(kind=CaseKind.DRIFT))[0]
    plan = call(one, f"{case.id}/plan", {"act": "accept"}).json()
    assert any(line.startswith("+") and "channel" in line for line in plan["contract"])
    desk = web.site.desk
    own = f"# as the shop said\n{drafted_contract(desk, case)}"
    body = {"act": "accept", "contract": own, "reason": "the shop said so"}
    decided = call(one, f"{case.id}/decide", body).json()
    assert (decided["state"], decided["votes"]) == ("proposed", [])
    vote = call(one, f"{case.id}/vote", {"number": 1, "digest": decided["digest"]})
    assert (vote.status_code, "wrote the change" in vote.text) == (403, True)
    assert call(one, f"{case.id}/plan", {"act": "accept", "contract": "kind: [\n"}).status_code == 400

"""One value for elements of lists in many rows: on the page and by the API."""

from __future__ import annotations

import html
import json
import shutil
from pathlib import Path

import pytest
from tests.harness.project import make_project, make_sales, open_project, run_files
from tests.integration.web.conftest import Web
from tests.integration.web.test_cases import Reviewer, case_of, decision_of, hidden

from headgate.deciding.desk import document_of
from headgate.generate.defects import Defect


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which items of some rows are of categories that nobody knows."""
    folder = make_project(tmp_path_factory.mktemp("faulty") / "project", "retail", "sales")
    platform = open_project(folder)
    kinds = frozenset({Defect.UNKNOWN_CATEGORY})
    run_files(platform, make_sales(folder / "incoming", count=300, seed=5, defects=0.03, kinds=kinds).files)
    platform.close()
    return folder


@pytest.fixture
def landed(faulty: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(faulty, tmp_path / "project"))


def test_the_page_offers_elements_and_sets_those_at_fault(web: Web, landed: Path) -> None:
    assert landed.exists()
    one, case = Reviewer(web), case_of(web, "unknown_category")
    page = html.unescape(one.client.get(f"/inbox?case={case.id}").text)
    assert '<option value="items[!].category">items[].category, elements at fault</option>' in page
    assert '<option value="items[].category">items[].category, all elements</option>' in page
    assert '<option value="payment.currency">payment.currency</option>' in page
    form = {"case": case.id, "path": "items[!].category", "value": "Books"}
    planned = one.post("/inbox/plan", form, live=True).text
    assert f"{case.left} elements are set in {case.left} rows." in planned
    digest = hidden(planned, "digest.correct")
    decided = one.post("/inbox/decide", form | {"act": "correct", "digest.correct": digest, "reason": "they are books"})
    assert decided.status_code == 303
    records = document_of(web.site.desk, decision_of(web, case)).records
    kinds = [[item["category"] for item in json.loads(record)["items"]] for record in records.values()]
    assert len(kinds) == case.left
    assert all("Books" in each for each in kinds)
    assert any(set(each) != {"Books"} for each in kinds)


def test_a_path_that_is_none_is_told(web: Web, landed: Path) -> None:
    assert landed.exists()
    one, case = Reviewer(web), case_of(web, "unknown_category")
    for path in ("items[].colour", "items[!]", "items[x].category", "[!]", "items[!].category[!]"):
        said = one.post("/inbox/plan", {"case": case.id, "path": path, "value": "x"}, live=True)
        assert said.status_code == 200
        assert "the contract has no column" in html.unescape(said.text) or "takes JSON" in html.unescape(said.text)


def test_the_api_takes_the_same(web: Web, landed: Path) -> None:
    assert landed.exists()
    one, case = Reviewer(web), case_of(web, "unknown_category")
    asked = {"act": "correct", "every": {"items[].category": "Books"}}
    headers = {"X-Headgate-CSRF": web.csrf(one.account)}
    planned = one.client.post(f"/api/cases/{case.id}/plan", json=asked, headers=headers).json()
    assert planned["rows"] == case.left
    assert planned["elements"] >= case.left

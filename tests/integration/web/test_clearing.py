"""What the product promises of bulk work: ten thousand held rows of five causes, cleared in at most ten actions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.harness.project import all_deliveries, make_project, make_sales, open_project, run_files
from tests.integration.web.conftest import Web, closed, web_on
from tests.integration.web.test_cases import Reviewer, hidden

from headgate import pipeline
from headgate.core.cases import CaseFilter, DecisionState
from headgate.core.records import DeliveryKind
from headgate.deciding.execution import execute_due
from headgate.generate.defects import Defect
from headgate.web.passwords import Argon2Passwords

CAUSES = frozenset(
    {
        Defect.TOTAL_MISMATCH,
        Defect.LINE_MISMATCH,
        Defect.UNKNOWN_CATEGORY,
        Defect.UNKNOWN_CURRENCY,
        Defect.ABSURD_AMOUNT,
    }
)
HELD = 10_000
MOST_ACTIONS = 10


@pytest.fixture
def full(tmp_path: Path, passwords: Argon2Passwords) -> Iterator[Web]:
    """An inbox of ten thousand rows; the flow asks for two votes from a hundred rows on."""
    folder = make_project(tmp_path / "project", "sales")
    flow = folder / "flows" / "sales" / "flow.yaml"
    flow.write_text(flow.read_text().replace("accept_at_least: 0.95", "accept_at_least: 0.01"))
    platform = open_project(folder)
    run_files(platform, make_sales(tmp_path / "in", count=34_500, seed=3, defects=0.3, kinds=CAUSES).files)
    web = web_on(platform, folder, passwords)
    yield web
    closed(web)
    platform.close()


def test_ten_thousand_rows_in_ten_actions(full: Web) -> None:
    cases = full.site.desk.cases.cases(CaseFilter())
    assert len(cases) == len(CAUSES)
    assert sum(case.left for case in cases) >= HELD
    one, other = Reviewer(full), Reviewer(full)
    actions = 0
    for _ in CAUSES:  # the page opens with a group that waits, and makes its dry run by itself
        text = one.client.get("/inbox").text
        form = {"case": hidden(text, "case"), "which": "all", "listed": hidden(text, "listed"), "reason": "looked at"}
        assert "data-dry-run-now" in text
        planned = one.post("/inbox/plan", form, live=True).text
        assert "2 people must agree" in planned
        digest = hidden(planned, "digest.release")
        assert one.post("/inbox/decide", form | {"act": "release", "digest.release": digest}).status_code == 303
        actions += 1
    for _ in CAUSES:
        text = other.client.get("/inbox").text
        assert other.post("/inbox/agree", {"agree": hidden(text, "agree")}).status_code == 303
        actions += 1
    assert actions <= MOST_ACTIONS
    decisions = full.site.desk.cases.decisions()
    assert {one_.state for one_ in decisions} == {DecisionState.DECIDED}
    full.clock.now += timedelta(seconds=31)
    assert len(execute_due(full.site.desk)) == len(CAUSES)
    pipeline.work(full.site.platform)
    assert full.site.desk.cases.cases(CaseFilter()) == []
    assert "No case is open" in one.client.get("/inbox").text
    (origin,) = [one_ for one_ in all_deliveries(full.site.platform) if one_.kind is DeliveryKind.FILE]
    counts = origin.counts
    assert counts is not None
    assert (counts.held, counts.balances) == (0, True)

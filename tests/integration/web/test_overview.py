"""The first page: what it says in a sentence, as far as somebody sees flows."""

from __future__ import annotations

import re
from pathlib import Path

from tests.harness.project import make_sales, run_files
from tests.integration.web.conftest import Web

from headgate.core.records import Arrival, Move
from headgate.core.replacing import replace
from headgate.core.roles import Grant, Role
from headgate.core.states import DeliveryState

SALES, RETAIL = (Grant(role=Role.OPERATOR, flow=flow) for flow in ("sales", "retail"))


def lead(web: Web, *grants: Grant) -> str:
    """The sentence that somebody with these roles reads."""
    page = web.signed_in(web.account(*grants)).get("/").text
    found = re.search(r'<p class="lead">(.*?)</p>', page)
    assert found
    return found[1]


def fail(web: Web, flow: str) -> None:
    """A delivery of the flow that failed."""
    ledger, at = web.site.platform.ledger, web.site.platform.clock()
    arrival = Arrival(flow=flow, name="1", origin="o", sender="s", sha256=f"{7:064x}", size_bytes=1, form={})
    (one,) = ledger.register([arrival], run="r", at=at)
    ledger.advance([Move(after=replace(one, state=DeliveryState.FAILED))], at=at)


def test_the_first_sentence(web: Web, tmp_path: Path) -> None:
    assert lead(web, RETAIL) == "Nothing waits for a person. The flow runs."
    held = make_sales(tmp_path, count=60, seed=5, defects=0.3, first_number=5000)
    run_files(web.site.platform, held.files)
    assert re.match("(One|Two) deliver.* for a person. A delivery of the flow is held.$", lead(web, SALES))
    assert "One of two flows runs without a hold." in lead(web, SALES, RETAIL)
    fail(web, "sales")
    assert lead(web, SALES).endswith(" A delivery of the flow failed.")
    fail(web, "retail")
    assert lead(web, SALES, RETAIL).endswith(" None of two flows runs without a hold.")

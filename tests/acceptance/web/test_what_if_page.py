"""A change is tried on the flow's page in a real browser, without scripts too, and the page stands in each width."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.acceptance.web.conftest import Served, Watched
from tests.acceptance.web.looking import look


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1440, "light")])
def test_a_change_is_tried(served: Served, signed_in: Watched, axe: str, width: int, theme: str) -> None:
    """Nothing that axe finds, and nothing that scrolls sideways but tables and code."""
    served.call("accounts", "roles", "admin", "--role", "admin", "--role", "reviewer")
    page = signed_in.page
    page.context.add_cookies([{"name": "theme", "value": theme, "url": served.url}])
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{served.url}/flows/sales#what-if")
    look(page, axe, f"flow-what-if-{theme}-{width}")
    page.get_by_label("amount_limit").last.fill("300.00")
    page.get_by_role("button", name="Replay 1 change").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "What if sales had amount_limit 300.00 instead of 2500.00?"
    )
    expect(page.locator("table.matrix td.moved")).not_to_have_count(0)
    look(page, axe, f"what-if-{theme}-{width}")


def test_a_contract_is_tried_without_scripts(served: Served, chromium: Browser, ran: Path) -> None:
    served.call("accounts", "roles", "admin", "--role", "admin", "--role", "reviewer")
    contract = (ran / "flows" / "sales" / "contract.odcs.yaml").read_text()
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(served.fresh_link("admin"))
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{served.url}/flows/sales")
    page.locator("summary", has_text="The contract").click()
    text = page.get_by_label("Text of contract.odcs.yaml")
    assert text.input_value() == contract
    text.fill(contract.replace("validValues: [Kitchen, ", "validValues: ["))
    page.get_by_role("button", name="Replay 1 change").click()
    expect(page.get_by_role("heading", name="Rows that move")).to_be_visible()
    expect(page.get_by_text("needs a rise of major, which it has not")).to_be_visible()
    context.close()

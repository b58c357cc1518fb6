"""A look at a personal value in a real browser."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Browser, expect
from tests.acceptance.web.conftest import Served, Watched
from tests.acceptance.web.looking import look


@pytest.fixture(scope="module")
def delivery(served: Served, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The id of one with an e-mail that is none."""
    folder = tmp_path_factory.mktemp("personal")
    served.call("generate", "sales", "--count", 20, "--files", 1, "--seed", 23, "--output", folder)
    (file,) = folder.glob("sales_batch_*.json")
    document = json.loads(file.read_text(encoding="utf-8"))
    document["transactions"][0]["customer"]["email"] = "wisla odra at lake"
    file.write_text(json.dumps(document), encoding="utf-8")
    ran = served.call("run", file, "--json").document
    return str(ran["deliveries"][0]["id"])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_reviewer_sees_what_was_masked(
    served: Served, delivery: str, chromium: Browser, axe: str, theme: str
) -> None:
    name = f"looks-{theme}"
    served.call("accounts", "add", name, "--role", "reviewer:sales")
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "theme", "value": theme, "url": served.url}])
    watched = Watched(context)
    page = watched.page
    page.goto(served.fresh_link(name))
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{served.url}/deliveries/{delivery}#reasons")
    button = page.get_by_role("button", name="Show customer.email (recorded)").first
    expect(button).to_be_visible()
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 900})
        look(page, axe, f"masked-{theme}-{width}")
    button.press("Enter")
    expect(page.get_by_role("cell", name="wisla odra at lake")).to_contain_text("your look is recorded")
    expect(page.get_by_role("button", name="Show customer.email (recorded)")).to_have_count(0)
    look(page, axe, f"unmasked-{theme}-360")
    expect(page.locator("ol.log")).to_contain_text("personal_seen")
    assert watched.said == []
    context.close()

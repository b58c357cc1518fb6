"""Looking at a page as a strict visitor does: nothing that axe finds, nothing that scrolls sideways."""

from __future__ import annotations

from playwright.sync_api import Page
from tests.acceptance.web.conftest import SHOTS


def look(page: Page, axe: str, name: str) -> None:
    """Fail where axe-core finds anything, or the page is wider than the window; with HEADGATE_SHOTS keep a picture."""
    page.wait_for_load_state()  # a click does not wait for the stylesheet
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} is {wide} px too wide"
    page.evaluate(axe)
    found = page.evaluate("axe.run().then(result => result.violations)")
    told = [(one["id"], one["nodes"][0]["html"][:200], one["nodes"][0]["failureSummary"][:300]) for one in found]
    assert told == [], name

"""A change of rules in a real browser: proposed by one, agreed to by two others, in force, and told on every page."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.acceptance.web.conftest import Served, serving
from tests.acceptance.web.looking import look
from tests.acceptance.web.test_review import execute, open_as

UNDO_S = 5
PEOPLE = ("writer", "reader-1", "reader-2")


@pytest.fixture(scope="module")
def ruled(ran: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of a project whose rules change by two votes beside the proposal, with three reviewers."""
    folder = tmp_path_factory.mktemp("ruled") / "shop"
    shutil.copytree(ran, folder)
    flow = folder / "flows" / "sales" / "flow.yaml"
    flow.write_text(flow.read_text().replace("review:\n", f"review:\n  undo: {UNDO_S}s\n"))
    with serving(folder) as served:
        for name in PEOPLE:
            served.call("accounts", "add", name, "--role", "reviewer")
        yield served


def propose_limit(served: Served, page: Page, value: str) -> None:
    """Propose another limit alone."""
    page.goto(f"{served.url}/flows/sales/change")
    page.get_by_label(re.compile("amount_limit")).fill(value)
    page.get_by_label(re.compile("^Why")).fill("The season begins.")
    page.get_by_role("button", name="Dry run").click()
    page.get_by_role("button", name="Propose the change").click()


@pytest.mark.parametrize("javascript", [False, True], ids=["without-javascript", "with-javascript"])
def test_a_change_is_proposed_agreed_to_and_in_force(
    ruled: Served, chromium: Browser, axe: str, *, javascript: bool
) -> None:
    opened = [open_as(ruled, chromium, name, java_script_enabled=javascript) for name in PEOPLE]
    writer, first, second = (page for _, page in opened)
    value = "3000" if javascript else "2900"
    writer.goto(f"{ruled.url}/flows/sales")
    writer.get_by_role("link", name="Propose a change of the rules").click()
    before = writer.get_by_label(re.compile("amount_limit")).input_value()
    writer.get_by_label(re.compile("amount_limit")).fill(value)
    contract = writer.get_by_label(re.compile("^Contract"))
    version = re.search(r"^version: (\d+)\.", contract.input_value(), re.MULTILINE)
    assert version is not None
    contract.fill(re.sub(r"(?m)^version: .*$", f"version: {int(version[1]) + 1}.0.0", contract.input_value()))
    writer.get_by_label(re.compile("^Why")).fill("The season begins.")
    writer.get_by_role("button", name="Dry run").click()
    expect(writer.get_by_role("table", name="").locator("del").first).to_have_text(before)
    expect(writer.locator("ins").first).to_have_text(f"{value}.00")
    expect(writer.locator("pre ins")).to_have_text(f"+version: {int(version[1]) + 1}.0.0")
    if javascript:
        look(writer, axe, "change-planned")
    writer.get_by_role("button", name="Propose the change").click()
    expect(writer.locator(".panel")).to_contain_text("writer cannot vote")
    expect(writer.get_by_role("button", name=re.compile("Agree to the change"))).to_be_disabled()
    address = writer.url

    first.goto(f"{ruled.url}/inbox")
    first.get_by_role("link", name=re.compile("A change of the rules is proposed")).click()
    first.get_by_role("link", name="the rules of sales").click()
    expect(first).to_have_url(address)
    first.get_by_role("button", name=re.compile("Agree to the change")).click()
    expect(first.locator(".panel")).to_contain_text("1 of 2")
    if javascript:
        look(first, axe, "change-proposed")
    second.goto(address)
    second.get_by_role("button", name=re.compile("Agree to the change")).click()
    expect(second.locator(".panel")).to_contain_text("is decided")
    second.get_by_role("button", name=re.compile("Take back the change")).click()
    expect(second.locator(".log").last).to_contain_text("withdrawn")

    # once more, and this time nobody takes it back
    propose_limit(ruled, writer, value)
    assert writer.url == address
    for page in (first, second):
        page.goto(address)
        page.get_by_role("button", name=re.compile("Agree to the change")).click()
    time.sleep(UNDO_S + 0.5)
    execute(ruled.folder)
    second.goto(address)
    expect(second.locator(".log").last).to_be_visible()
    expect(second.get_by_text("The change is in force.")).to_be_visible()
    second.goto(f"{ruled.url}/flows/sales")
    expect(second.get_by_role("row", name=re.compile("^amount_limit"))).to_contain_text(f"{value}.00")
    for context, _ in opened:
        context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_every_page_stands(ruled: Served, chromium: Browser, axe: str, theme: str, width: int) -> None:
    context, page = open_as(ruled, chromium, "writer")
    context.add_cookies([{"name": "theme", "value": theme, "url": ruled.url}])
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{ruled.url}/flows/sales/change")
    look(page, axe, f"change-form-{theme}-{width}")
    page.get_by_label(re.compile("amount_limit")).fill(f"{4000 + width + len(theme)}")
    contract = page.get_by_label(re.compile("^Contract"))
    contract.fill(re.sub(r"(?m)^version: .*$", "version: 77.0.0", contract.input_value()))
    page.get_by_role("button", name="Dry run").click()
    look(page, axe, f"change-planned-{theme}-{width}")
    page.get_by_label(re.compile("^Why")).fill("to be looked at")
    page.get_by_role("button", name="Propose the change").click()
    expect(page.locator(".panel")).to_contain_text("writer cannot vote")
    look(page, axe, f"change-case-{theme}-{width}")
    case = page.url.rpartition("/")[2]
    page.goto(f"{ruled.url}/inbox?case={case}")
    look(page, axe, f"change-inbox-{theme}-{width}")
    page.goto(f"{ruled.url}/inbox?tab=under-way")
    look(page, axe, f"change-under-way-{theme}-{width}")
    page.goto(f"{ruled.url}/cases/{case}")
    page.get_by_role("button", name=re.compile("^Withdraw")).click()
    expect(page.locator(".log").last).to_contain_text("withdrawn")
    look(page, axe, f"change-closed-{theme}-{width}")
    context.close()

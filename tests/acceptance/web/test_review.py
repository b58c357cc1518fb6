"""Held rows as reviewers meet them, in a real browser: corrected by one, approved by another, to the last receipt."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.acceptance.web.conftest import Served, serving
from tests.acceptance.web.looking import look

from headgate import pipeline
from headgate.deciding.desk import Desk
from headgate.deciding.execution import execute_due
from headgate.people import People
from headgate.project import load_flows
from headgate.settings import read_settings
from headgate.wiring import open_accounts, open_cases, open_platform, open_upload_links, system_clock

UNDO_S = 15  # long enough to take it back on a busy machine
PLACES = {"inbox": "/inbox", "under-way": "/inbox?tab=under-way", "overview-reviewer": "/"}


@pytest.fixture(scope="module")
def reviewed(ran: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server of a project whose decisions can be taken back for a few seconds, with two reviewers."""
    folder = tmp_path_factory.mktemp("reviewed") / "shop"
    shutil.copytree(ran, folder)
    flow = folder / "flows" / "sales" / "flow.yaml"
    flow.write_text(flow.read_text().replace("review:\n", f"review:\n  undo: {UNDO_S}s\n"))
    with serving(folder) as served:
        for name in ("reviewer-1", "reviewer-2"):
            served.call("accounts", "add", name, "--role", "reviewer")
        yield served


def open_as(served: Served, chromium: Browser, account: str, **context: Any) -> tuple[BrowserContext, Page]:  # noqa: ANN401
    """A browser that the account has signed in with."""
    made = chromium.new_context(viewport={"width": 1440, "height": 900}, **context)
    page = made.new_page()
    page.goto(served.fresh_link(account))
    page.get_by_role("button", name="Sign in").click()
    return made, page


def execute(folder: Path) -> None:
    """What a worker does: execute what is due, then run; nothing where it was done already."""
    settings = read_settings(folder, {})
    with (
        closing(open_platform(settings, load_flows(settings))) as platform,
        closing(open_accounts(settings)) as accounts,
        closing(open_cases(settings)) as cases,
        closing(open_upload_links(settings)) as links,
    ):
        people = People(accounts=accounts, clock=system_clock, random=lambda count: b"0" * count)
        execute_due(Desk(platform=platform, cases=cases, people=people, links=links))
        pipeline.work(platform)


def held_now(page: Page, served: Served) -> int:
    """Rows held, as the overview says."""
    page.goto(served.url)
    cells = page.get_by_role("row", name=re.compile("^sales")).get_by_role("cell").all_inner_texts()
    return int(cells[6].replace(",", ""))


def test_a_row_is_corrected_approved_taken_back_and_published(
    reviewed: Served, chromium: Browser, tmp_path: Path
) -> None:
    first, one = open_as(reviewed, chromium, "reviewer-1")
    second, other = open_as(reviewed, chromium, "reviewer-2")
    before = held_now(one, reviewed)

    one.get_by_role("link", name=re.compile("Inbox")).click()
    one.get_by_role("link", name=re.compile("Unknown currency")).click()
    one.locator("tr[data-row] a[data-key=e]").first.click()
    currency = one.get_by_label(re.compile("payment.currency"))
    found = currency.input_value()
    currency.select_option("EUR")
    expect(one.get_by_text("will be released", exact=False).first).to_be_visible()
    one.get_by_label("Why").first.fill("The shop wrote the wrong code; it books in EUR.")
    one.get_by_role("button", name=re.compile("Propose 1 corrected row")).click()
    expect(one.locator(".panel")).to_contain_text("reviewer-1 cannot vote")
    expect(one.get_by_role("button", name=re.compile("^Correct 1"))).to_be_disabled()
    address = one.url

    other.goto(address)
    expect(other.locator(".panel del")).to_have_text(found)
    expect(other.locator(".panel ins")).to_have_text("EUR")
    other.get_by_role("button", name=re.compile("^Correct 1")).click()
    expect(other.locator(".panel")).to_contain_text("can be taken back until then")
    other.get_by_role("button", name=re.compile("Take back 1")).click()
    expect(other.locator("#history")).to_be_visible()
    expect(other.locator(".log").last).to_contain_text("withdrawn")

    # once more, and this time nobody takes it back
    one.goto(address)
    one.get_by_label(re.compile("payment.currency")).select_option("EUR")
    one.get_by_label("Why").first.fill("Once more.")
    one.get_by_role("button", name=re.compile("Propose 1 corrected row")).click()
    other.goto(address)
    other.get_by_role("button", name=re.compile("^Correct 1")).click()
    expect(other.locator(".panel")).to_contain_text("is decided")
    time.sleep(UNDO_S + 0.5)
    execute(reviewed.folder)
    for _ in range(40):  # the server's own worker may have been first, and not be done
        other.goto(address)
        if other.get_by_role("link", name=re.compile("receipt")).count():
            break
        other.wait_for_timeout(250)
    expect(other.locator(".log").last).to_contain_text("executed")

    with other.expect_download() as download:
        other.get_by_role("link", name=re.compile("receipt")).first.click()
    download.value.save_as(tmp_path / "receipt.json")
    public = reviewed.folder / "keys" / "public.json"
    reviewed.call("receipt", "verify", tmp_path / "receipt.json", "--key", public)
    assert held_now(one, reviewed) == before - 1
    first.close()
    second.close()


def test_by_keyboard_alone(reviewed: Served, chromium: Browser) -> None:
    context, page = open_as(reviewed, chromium, "reviewer-1")
    page.goto(f"{reviewed.url}/inbox")
    expect(page.get_by_role("button", name=re.compile("^Release"))).to_be_enabled()
    rows = page.locator("tr[data-row]")
    page.keyboard.press("x")
    expect(rows.first.get_by_role("checkbox")).not_to_be_checked()
    expect(page.get_by_label("Which rows")).to_have_value("but")
    page.keyboard.press("x")
    expect(page.get_by_label("Which rows")).to_have_value("but")
    expect(page.get_by_role("button", name=re.compile("^Reject"))).to_be_enabled()
    page.keyboard.press("r")
    expect(page.get_by_role("button", name=re.compile("^Reject"))).to_be_focused()
    page.get_by_label("Why").focus()
    page.keyboard.type("all of them are known")
    page.keyboard.press("Tab")
    page.keyboard.press("a")
    expect(page.get_by_role("button", name=re.compile("^Release"))).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("can be taken back")
    page.wait_for_load_state()
    page.keyboard.press("u")
    expect(page.get_by_role("status").first).to_contain_text("was taken back")
    page.wait_for_load_state()
    page.keyboard.press("e")
    expect(page).to_have_url(re.compile(r"/cases/c-[0-9a-f]{16}"))
    page.wait_for_load_state()
    page.keyboard.press("e")
    expect(page.locator("[data-key=e]").first).to_be_focused()
    context.close()


def test_without_javascript_a_dry_run_comes_before_a_decision(reviewed: Served, chromium: Browser) -> None:
    context, page = open_as(reviewed, chromium, "reviewer-2", java_script_enabled=False)
    page.goto(f"{reviewed.url}/inbox")
    page.get_by_role("button", name="Dry run").click()
    expect(page.get_by_role("status").first).to_contain_text("will be")
    page.get_by_label("Why").fill("seen")
    page.get_by_role("button", name=re.compile("^Reject")).click()
    expect(page.get_by_role("status").first).to_contain_text("can be taken back")
    page.get_by_role("button", name=re.compile("^Take back")).first.click()
    expect(page.get_by_role("status").first).to_contain_text("was taken back")
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_every_page_stands(reviewed: Served, chromium: Browser, axe: str, theme: str, width: int) -> None:
    context, page = open_as(reviewed, chromium, "reviewer-1")
    context.add_cookies([{"name": "theme", "value": theme, "url": reviewed.url}])
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{reviewed.url}/inbox")
    document = json.loads(page.request.get(f"{reviewed.url}/api/cases").text())
    case = document["cases"][0]["id"]
    for name, path in (PLACES | {"case": f"/cases/{case}", "case-personal": f"/cases/{case}?show=personal"}).items():
        page.goto(reviewed.url + path)
        if name in {"inbox", "case"}:
            expect(page.get_by_role("button", name=re.compile("^Re(ject|lease)")).first).to_be_visible()
        look(page, axe, f"{name}-{theme}-{width}")
    context.close()

"""The pages as somebody meets them: in a real browser, by mouse, by keyboard, in both themes, on a phone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.acceptance.web.conftest import SHOTS, Served, Watched

PAGES = {
    "upload": "/upload",
    "overview": "/",
    "deliveries": "/deliveries",
    "audit": "/audit",
    "accounts": "/accounts",
    "me": "/me",
    "none": "/none",
}


def delivery_of(served: Served) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((served.folder / "run.json").read_text())["deliveries"][0]
    return document


def test_sign_in_by_the_link_that_serve_prints(served: Served, chromium: Browser) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(served.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to shop")
    page.goto(served.link)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.goto(served.link)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("This link does not work any more")
    context.close()


def test_from_the_overview_to_a_receipt_that_verifies(served: Served, signed_in: Watched, tmp_path: Path) -> None:
    page, one = signed_in.page, delivery_of(served)
    expect(page.get_by_role("row", name="sales")).to_contain_text(re.compile("600|640"))  # another test sends 40 more
    page.get_by_role("link", name="Deliveries", exact=True).click()
    page.get_by_role("link", name=one["file"]).click()
    counts = one["counts"]
    for word in ("received", "published", "held", "rejected", "duplicate"):
        expect(page.locator(".equation")).to_contain_text(f"{counts[word]:,}")
    expect(page.locator("svg.chart title").first).to_contain_text(f"{counts['published']:,} published")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the receipt").click()
    download.value.save_as(tmp_path / "receipt.json")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the public keys").click()
    download.value.save_as(tmp_path / "public.json")
    served.call("receipt", "verify", tmp_path / "receipt.json", "--key", tmp_path / "public.json")


def test_a_delivery_is_found_by_file_id_and_hash(served: Served, signed_in: Watched) -> None:
    page, one = signed_in.page, delivery_of(served)
    for text in (one["file"][:-6].upper(), one["id"], one["id"][:8]):
        page.get_by_role("searchbox").fill(text)
        page.get_by_role("button", name="Find").click()
        expect(page.get_by_role("link", name=one["file"])).to_be_visible()
    page.get_by_role("searchbox").fill("nothing like that")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No delivery fits.")).to_be_visible()


def test_an_admin_adds_a_reviewer_who_sets_a_password(served: Served, signed_in: Watched, chromium: Browser) -> None:
    page = signed_in.page
    page.goto(f"{served.url}/accounts")
    page.get_by_label("Name", exact=True).fill("reviewer-1")
    page.get_by_label("Roles", exact=True).fill("reviewer:sales")
    page.get_by_role("button", name="Add it and make a link").click()
    link = page.locator(".note pre").inner_text()
    context = chromium.new_context()
    other = context.new_page()
    other.goto(link)
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("heading", level=1)).to_have_text("reviewer-1")
    other.get_by_label("New password").fill("eight sluices and a weir")
    other.get_by_role("button", name="Set the password").click()
    expect(other.get_by_role("status")).to_contain_text("The password is set")
    other.get_by_role("button", name="Sign out").click()
    other.get_by_label("Account").fill("reviewer-1")
    other.get_by_label("Password").fill("eight sluices and a weir")
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("navigation", name="Main")).to_be_visible()
    expect(other.get_by_role("link", name="Accounts")).to_have_count(0)
    context.close()


def test_a_file_is_dropped_in_and_published(served: Served, chromium: Browser, tmp_path: Path) -> None:
    """By the protocol, with scripts; and the plain way, without."""
    served.call("generate", "sales", "--count", 40, "--files", 2, "--seed", 11, "--output", tmp_path)
    files = sorted(tmp_path.glob("sales_batch_*.json"))
    served.call("accounts", "add", "sender-1", "--role", "uploader:sales")
    for file, scripts in zip(files, (True, False), strict=True):
        context = chromium.new_context(java_script_enabled=scripts)
        page = context.new_page()
        page.goto(served.fresh_link("sender-1"))
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="Send files").click()
        page.get_by_label("Drop files here").set_input_files(file)
        page.get_by_role("button", name="Send the chosen files").click()
        if scripts:
            expect(page.get_by_text("arrived whole")).to_be_visible()
        for _ in range(40):
            page.goto(f"{served.url}/upload")
            arrived = page.get_by_role("listitem").filter(has_text=file.name)
            if "archived" in arrived.inner_text():
                break
            page.wait_for_timeout(250)
        expect(arrived.locator(".equation")).to_contain_text("20")
        context.close()


def test_the_log_is_verified_on_the_page_and_elsewhere(served: Served, signed_in: Watched, tmp_path: Path) -> None:
    page = signed_in.page
    page.get_by_role("link", name="Audit").click()
    page.get_by_role("button", name="Verify").click()
    expect(page.get_by_role("heading", name="The log is whole")).to_be_visible()
    for name, file in (("Export the checkpoints", "checkpoints.txt"), ("Export", "events.ndjson")):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).first.click()
        download.value.save_as(tmp_path / file)
    keys = served.folder / "keys" / "public.json"
    arguments = ("--events", tmp_path / "events.ndjson", "--anchor", tmp_path / "checkpoints.txt", "--key", keys)
    assert served.call("audit", "verify", *arguments, "--json").document["ok"]
    page.get_by_label("What happened").select_option("archived")
    page.get_by_role("button", name="Show events").click()
    expect(page.locator("table.chain tbody tr").first).to_contain_text("archived")
    assert set(page.locator("table.chain tbody td:nth-child(4)").all_inner_texts()) == {"archived"}


def test_by_keyboard_alone(served: Served, signed_in: Watched) -> None:
    page = signed_in.page
    page.goto(f"{served.url}/deliveries")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(page.locator(".equation")).to_be_visible()


def test_the_theme_that_is_chosen_stays(served: Served, signed_in: Watched) -> None:
    page = signed_in.page
    page.get_by_role("button", name="Dark").click()
    page.goto(f"{served.url}/deliveries")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert 'data-theme="dark"' in page.content()


def test_without_javascript_everything_is_read(served: Served, chromium: Browser) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(served.fresh_link("admin"))
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{served.url}/deliveries")
    page.get_by_role("link", name=delivery_of(served)["file"]).click()
    expect(page.locator(".equation")).to_be_visible()
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_every_page_stands(served: Served, signed_in: Watched, axe: str, theme: str, width: int) -> None:
    """Nothing that axe finds, and nothing that scrolls sideways but tables and code."""
    served.call("accounts", "roles", "admin", "--role", "admin", "--role", "operator")  # who may send files too
    page = signed_in.page
    page.context.add_cookies([{"name": "theme", "value": theme, "url": served.url}])
    page.set_viewport_size({"width": width, "height": 900})
    places = PAGES | {"delivery": f"/deliveries/{delivery_of(served)['id']}"}
    for name, path in places.items():
        page.goto(served.url + path)
        look(page, axe, f"{name}-{theme}-{width}")
    signed_in.said = [said for said in signed_in.said if "404" not in said]  # of the page that is none
    page.context.clear_cookies(name="headgate")
    page.goto(f"{served.url}/sign-in")
    look(page, axe, f"sign-in-{theme}-{width}")


def look(page: Page, axe: str, name: str) -> None:
    """Assert that axe finds nothing, and that nothing scrolls sideways; take the picture."""
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png")
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} is {wide} px too wide"
    page.evaluate(axe)
    found = page.evaluate("axe.run().then(result => result.violations)")
    told = [(one["id"], one["nodes"][0]["html"][:200], one["nodes"][0]["failureSummary"][:300]) for one in found]
    assert told == [], name

"""An open page goes on by itself, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, expect
from tests.acceptance.web.conftest import Served, Watched


def more_sales(served: Served, folder: Path, seed: int, files: int = 1) -> list[Path]:
    """Files that no other test sends."""
    numbers = ("--first-number", seed * 1_000, "--seed", seed)
    served.call("generate", "sales", "--count", 20 * files, "--files", files, *numbers, "--output", folder)
    return sorted(folder.glob("sales_batch_*.json"))


def test_what_is_sent_goes_on_to_archived_on_open_pages(
    served: Served, signed_in: Watched, chromium: Browser, tmp_path: Path
) -> None:
    (file,) = more_sales(served, tmp_path, 901)
    page = signed_in.page
    page.goto(f"{served.url}/deliveries")
    expect(page.locator("[data-live]")).to_have_attribute("aria-live", "polite")
    overview = page.context.new_page()
    overview.goto(served.url)
    served.call("accounts", "add", "sender-live", "--role", "uploader:sales")
    context = chromium.new_context()
    sender = context.new_page()
    sender.goto(served.fresh_link("sender-live"))
    sender.get_by_role("button", name="Sign in").click()
    sender.get_by_role("link", name="Send files").click()
    sender.get_by_label("Drop files here").set_input_files(file)
    sender.get_by_role("button", name="Send the chosen files").click()
    row = page.get_by_role("row").filter(has_text=file.name)
    expect(row).to_contain_text("archived", timeout=30_000)  # nobody reloads it
    expect(page.locator("[data-live]")).to_contain_text("archived")
    expect(overview.get_by_role("row", name="sales")).to_contain_text("s ago", timeout=10_000)
    context.close()


def test_one_delivery_goes_on_and_the_focus_stays(served: Served, signed_in: Watched, tmp_path: Path) -> None:
    (file,) = more_sales(served, tmp_path, 902)
    document = served.call("run", file, "--json").document
    (one,) = document["deliveries"]
    page = signed_in.page
    page.goto(f"{served.url}/deliveries/{one['id']}")
    expect(page.locator(".equation")).to_be_visible()
    before = page.locator("ol.log li").count()
    page.get_by_role("link", name="Download the public keys").focus()
    served.call("reprocess", one["id"])
    served.call("run")
    expect(page.locator("ol.log li")).not_to_have_count(before, timeout=20_000)
    expect(page.locator(".facts").first).to_contain_text("archived", timeout=20_000)
    expect(page.get_by_role("link", name="Download the public keys")).to_be_focused()


def test_what_somebody_types_is_left_alone(served: Served, signed_in: Watched, tmp_path: Path) -> None:
    (file,) = more_sales(served, tmp_path, 903)
    page = signed_in.page
    page.goto(f"{served.url}/deliveries")
    page.get_by_label("File, delivery or hash", exact=True).fill("half a na")
    served.call("run", file)
    expect(page.get_by_role("row").filter(has_text=file.name)).to_contain_text("archived", timeout=20_000)
    expect(page.get_by_label("File, delivery or hash", exact=True)).to_have_value("half a na")


def test_the_keys_act_on_fresh_rows(served: Served, signed_in: Watched, tmp_path: Path) -> None:
    (file,) = more_sales(served, tmp_path, 904)
    page = signed_in.page
    page.goto(f"{served.url}/deliveries")
    served.call("run", file)
    expect(page.get_by_role("row").filter(has_text=file.name)).to_contain_text("archived", timeout=20_000)
    page.keyboard.press("k")
    page.keyboard.press("e")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("sales_batch"))


def test_a_hidden_page_hears_nothing_and_an_ended_session_says_so(
    served: Served, signed_in: Watched, chromium: Browser, tmp_path: Path
) -> None:
    (file,) = more_sales(served, tmp_path, 905)
    served.call("accounts", "add", "reader-live", "--role", "analyst")
    context = chromium.new_context()
    page = context.new_page()
    page.goto(served.fresh_link("reader-live"))
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{served.url}/deliveries")
    served.call("accounts", "disable", "reader-live")
    served.call("run", file)
    page.wait_for_timeout(4_000)
    assert page.get_by_role("row").filter(has_text=file.name).count() == 0  # the stream ended with the session
    context.close()
    assert signed_in.page.url.startswith(served.url)

"""Alerts from a delivery that goes wrong to the page, the receivers and the end, with `serve` as it runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from tests.acceptance.conftest import SALES, headgate_in
from tests.acceptance.web.conftest import Served, serving
from tests.acceptance.web.looking import look
from tests.harness.alert_receivers import Hook, Mailbox, hook_server, mail_server, soon


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    with hook_server() as server:
        yield server


@pytest.fixture(scope="module")
def box() -> Iterator[Mailbox]:
    with mail_server() as server:
        yield server


@pytest.fixture(scope="module")
def alarmed(tmp_path_factory: pytest.TempPathFactory, hook: Hook, box: Mailbox) -> Iterator[Served]:
    """A server of a project with a delivery below the threshold."""
    folder = tmp_path_factory.mktemp("alarmed") / "shop"
    folder.mkdir()
    call = headgate_in(folder)
    call("init", ".", "--name", "shop")
    with (folder / "headgate.toml").open("a", encoding="utf-8") as settings:
        settings.write(f"""
[alerts]
escalate_after = "1 h"
levels = [["ops"], ["robot"]]
storage_quota = "1 MiB"
[alerts.mail]
host = "127.0.0.1"
port = {box.port}
security = "none"
from = "headgate@example.org"
[alerts.receivers.ops]
kind = "email"
to = ["ops@example.org"]
[alerts.receivers.robot]
kind = "json"
url = "{hook.url}/robot"
""")
    call(*SALES, "--count", 80, "--files", 2, "--defects", 0.3, "--output", "incoming")
    call("run", *sorted(folder.glob("incoming/sales*.json")))
    call("accounts", "add", "operator-1", "--role", "operator")
    call("accounts", "add", "analyst-1", "--role", "analyst")
    with serving(folder) as server:
        yield server


def sign_in(served: Served, chromium: Browser, account: str, *, scripts: bool = True) -> BrowserContext:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, java_script_enabled=scripts)
    page = context.new_page()
    page.goto(served.fresh_link(account))
    page.get_by_role("button", name="Sign in").click()
    return context


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_pages_stand(alarmed: Served, chromium: Browser, axe: str, theme: str, width: int) -> None:
    """Whether the alert stands, or is over since another test ended it."""
    assert soon(lambda: "below the threshold" in alarmed.call("alerts", "list", "--past", 5).out)
    context = sign_in(alarmed, chromium, "operator-1")
    page = context.pages[0]
    context.add_cookies([{"name": "theme", "value": theme, "url": alarmed.url}])
    page.set_viewport_size({"width": width, "height": 900})
    for name, path in (("overview", "/"), ("alerts", "/alerts")):
        page.goto(alarmed.url + path)
        expect(page.get_by_role("heading", name="Alerts").first).to_be_visible()
        look(page, axe, f"alarmed-{name}-{theme}-{width}")
    page.get_by_role("link", name="sales: below the threshold").first.click()
    expect(page.get_by_role("heading", name="Who was told")).to_be_visible()
    look(page, axe, f"alarmed-alert-{theme}-{width}")
    context.close()


def test_from_mail_to_acknowledged_silenced_and_over(
    alarmed: Served, chromium: Browser, axe: str, box: Mailbox
) -> None:
    assert soon(lambda: sum("below the threshold" in mail["Subject"] for mail in box.mails) == 1)
    assert soon(lambda: any("storage" in mail["Subject"] for mail in box.mails))
    context = sign_in(alarmed, chromium, "operator-1", scripts=False)
    page = context.pages[0]
    page.get_by_role("link", name="Alerts", exact=True).click()
    expect(page.get_by_text("Two alerts are open.")).to_be_visible()
    page.get_by_role("button", name="Acknowledge 1 alert about sales").first.click()
    expect(page.get_by_text("Acknowledged by operator-1")).to_be_visible()
    expect(page.get_by_role("row", name="ops opened")).to_contain_text("delivered")
    page.goto(f"{alarmed.url}/alerts")
    expect(page.get_by_text("one is open, one is acknowledged")).to_be_visible()
    page.get_by_label("Kind").select_option("storage")
    page.get_by_label("For", exact=True).select_option("4 hours")
    page.get_by_label("Reason").fill("a larger disk comes on Monday")
    page.get_by_role("button", name="Silence these alerts").click()
    expect(page.get_by_role("row", name="storage in all flows")).to_contain_text("a larger disk comes on Monday")
    expect(page.get_by_text("one is acknowledged, one is silenced")).to_be_visible()
    context.close()
    context = sign_in(alarmed, chromium, "operator-1")
    context.pages[0].goto(f"{alarmed.url}/alerts")
    look(context.pages[0], axe, "alarmed-mixed")
    context.close()

    held = [row["subject"] for row in alarmed.call("alerts", "list", "--json").document["alerts"] if row["subject"]]
    for id_ in held:
        alarmed.call("release", id_, "--reason", "seen")
    assert soon(lambda: alarmed.call("status", "--json").document["flows"]["sales"] == {"archived": 2})
    alarmed.call("alerts", "check")  # the server looks once a minute; whoever comes first tells
    assert soon(lambda: sum(mail["Subject"].startswith("[shop] over: sales") for mail in box.mails) == 1)
    context = sign_in(alarmed, chromium, "analyst-1")
    page = context.pages[0]
    page.goto(f"{alarmed.url}/alerts")
    expect(page.get_by_text("One alert is silenced.")).to_be_visible()
    expect(page.get_by_role("button", name="Silence these alerts")).to_have_count(0)
    expect(page.locator("section[aria-labelledby=past]")).to_contain_text("sales: below the threshold")
    look(page, axe, "alarmed-over")
    context.close()
    assert alarmed.call("audit", "verify", "--json").document["ok"]

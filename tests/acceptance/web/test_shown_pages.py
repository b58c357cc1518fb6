"""Every page of the one list, over a project with two weeks in it: themes, widths, keyboard, what people do there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.acceptance.web.conftest import Watched
from tests.acceptance.web.looking import look
from tests.harness.screenshots import FOLDER, TEXT, THEMES, page_text
from tests.harness.shown_pages import PAGES, ShownPage
from tests.harness.shown_people import shown_provider
from tests.harness.shown_project import make_shown_project
from tests.harness.shown_site import ShownSite, serve_site

from headgate.core.platform import Platform
from headgate.core.roles import Role


class Shown:
    """The project, where it is served, and browsers that somebody signed in with."""

    def __init__(self, site: ShownSite, platform: Platform, browser: Browser) -> None:
        self.site, self.platform = site, platform
        self._browser = browser
        self._known: dict[str, Watched] = {}

    def page(self, role: Role | None, account: str = "") -> Page:
        """A page of somebody with that role, one for all tests."""
        name = account or f"{role}-07"
        if name not in self._known:
            watched = Watched(self._browser.new_context(viewport={"width": 1440, "height": 900}))
            if role is not None:
                watched.page.goto(self.site.link(name, role))
                watched.page.get_by_role("button", name="Sign in").click()
            self._known[name] = watched
        return self._known[name].page

    def said(self) -> list[str]:
        """What pages said that they should not."""
        return [text for watched in self._known.values() for text in watched.said]


@pytest.fixture(scope="module")
def shown(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    folder = tmp_path_factory.mktemp("shown") / "shop"
    platform, clock = make_shown_project(folder)
    with serve_site(platform, folder, clock, provided=shown_provider(clock)) as site:
        found = Shown(site, platform, chromium)
        yield found
        assert found.said() == []
    platform.close()


@pytest.fixture
def open_page(shown: Shown) -> Callable[[str, Role], Page]:
    def opened(path: str, role: Role = Role.OPERATOR) -> Page:
        page = shown.page(role)
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(shown.site.url + path)
        return page

    return opened


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [360, 1440])
@pytest.mark.parametrize("one", PAGES, ids=lambda one: one.name)
def test_every_page_stands(shown: Shown, axe: str, one: ShownPage, theme: str, width: int) -> None:
    page = shown.page(one.role, one.account)
    page.context.add_cookies([{"name": "theme", "value": theme, "url": shown.site.url}])
    page.set_viewport_size({"width": width, "height": 900})
    answer = page.goto(shown.site.url + one.place(shown.platform))
    assert answer is not None
    assert answer.status == 200
    if one.act is not None:
        one.act(page)
    look(page, axe, f"{one.name}-{theme}-{width}")
    page.goto("about:blank")  # ends requests that an act holds back, as when somebody leaves
    page.unroute_all(behavior="ignoreErrors")


def test_the_document_shows_every_page() -> None:
    """`make screenshots` writes both."""
    assert page_text() == TEXT.read_text()
    drawn = {place.name for place in FOLDER.glob("*.png")}
    assert drawn == {f"{one.name}-{theme}.png" for one in PAGES for theme in THEMES}
    assert all((FOLDER / name).stat().st_size < 200_000 for name in drawn)


def test_the_pictures_of_a_delivery_suit_the_window(open_page: Callable[..., Page], shown: Shown) -> None:
    place = next(one for one in PAGES if one.name == "delivery").place(shown.platform)
    page = open_page(place)
    expect(page.locator("svg.only-wide").first).to_be_visible()
    expect(page.locator("svg.only-tall")).to_be_hidden()
    page.set_viewport_size({"width": 360, "height": 900})
    expect(page.locator("svg.only-wide").first).to_be_hidden()
    expect(page.locator("svg.only-tall")).to_be_visible()


def test_from_a_flow_to_a_change_of_its_rules(open_page: Callable[..., Page]) -> None:
    page = open_page("/flows", Role.REVIEWER)
    page.keyboard.press("j")
    page.keyboard.press("e")
    expect(page.get_by_role("heading", level=1)).to_have_text("sales")
    expect(page.get_by_label("New value")).to_have_count(0)  # accounts decide here: nobody changes a parameter alone
    page.get_by_role("link", name="Propose a change of the rules").click()
    page.get_by_label("price_score").fill("4.7")
    page.get_by_role("button", name="Dry run").click()
    expect(page.locator("del").first).to_have_text("4.5")
    expect(page.locator("ins").first).to_have_text("4.7")
    expect(page.get_by_role("status")).to_contain_text("2 votes needed, none of them yours")
    expect(page.get_by_role("button", name="Propose the change")).to_be_enabled()


def test_from_a_delivery_to_its_second_run(open_page: Callable[..., Page], shown: Shown) -> None:
    place = next(one for one in PAGES if one.name == "delivery-failed").place(shown.platform)
    page = open_page(place)
    page.get_by_role("link", name="Try it again…").click()
    expect(page.locator(".lead")).to_contain_text("try 5")
    page.get_by_role("button", name="Try 1 delivery again").click()
    expect(page.get_by_role("status")).to_contain_text("It runs again")


def test_through_the_rows_of_a_table_by_keyboard(open_page: Callable[..., Page]) -> None:
    page = open_page("/tables", Role.ANALYST)
    page.get_by_role("row", name="transactions").get_by_role("link").first.focus()
    page.keyboard.press("Enter")
    first = page.locator("tbody tr").first.inner_text()
    page.get_by_role("link", name="Next rows").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="First rows")).to_be_visible()
    assert page.locator("tbody tr").first.inner_text() > first
    page.get_by_role("link", name="Columns and lineage").click()
    expect(page.get_by_role("row", name="total_eur").last).to_contain_text("fx_rates")
    page.get_by_role("link", name="Versions").click()
    page.get_by_label("From version").fill("2")
    page.keyboard.press("Enter")
    expect(page.locator(".lead")).to_contain_text("rows added")


def test_charts_stand_as_tables_too(open_page: Callable[..., Page]) -> None:
    page = open_page("/", Role.AUDITOR)
    section = page.get_by_role("region", name="Share of rows accepted")
    section.get_by_text("As a table").click()
    expect(section.get_by_role("row", name=re.compile("^20 Nov"))).to_contain_text("0 %")
    for name in ("share", "vol", "took", "flows"):
        expect(page.locator(f"#{name}-d")).not_to_be_empty()


def test_without_scripts_the_pages_are_read(shown: Shown, chromium: Browser, tmp_path: Path) -> None:
    del tmp_path
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(shown.site.link("analyst-07", Role.ANALYST))
    page.get_by_role("button", name="Sign in").click()
    for path, told in (
        ("/flows/retail", "tasks/returns.sql"),
        ("/tables/retail.gold.products", "stock_code"),
    ):
        page.goto(shown.site.url + path)
        expect(page.get_by_text(told).first).to_be_visible()
    context.close()

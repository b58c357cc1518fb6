"""A question from the case to its sender and back, in a real browser: by an upload link and by an account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.acceptance.web.conftest import Served, Watched
from tests.acceptance.web.looking import look
from tests.acceptance.web.test_send_page import choose, link

Open = Callable[..., Page]
HOSTILE = "<img src=x onerror=alert(1)> \u202eevil "
LONG = "Nevertheless" * 20


@pytest.fixture
def browse(chromium: Browser) -> Iterator[Open]:
    """Windows of browsers; what they should not say is heard at the end."""
    opened: list[tuple[BrowserContext, Watched]] = []

    def open_one(**options: object) -> Page:
        context = chromium.new_context(**options)  # type: ignore[arg-type]
        opened.append((context, Watched(context)))
        return opened[-1][1].page

    yield open_one
    for context, watched in opened:
        assert [said for said in watched.said if "409" not in said] == []  # of the answer that comes twice
        context.close()


@pytest.fixture(scope="module")
def token(served: Served) -> str:
    """Of a reviewer who asks."""
    served.call("accounts", "add", "asking", "--role", "reviewer")
    made = served.call("accounts", "token", "asking", "--for", "tests", "--may", "decide", "--may", "see", "--json")
    return str(made.document["token"])


def sales(served: Served, folder: Path, first: int) -> Path:
    """A file of which rows are held."""
    options = ("--count", 60, "--defects", "0.1", "--kind", "total_mismatch", "--seed", first, "--first-number", first)
    served.call("generate", "sales", *options, "--output", folder)
    (file,) = folder.glob("sales_batch_*.json")
    return file


def asked(served: Served, page: Page, token: str, file: Path, question: str) -> str:
    """Wait for the case of the file, and ask about it."""
    for _ in range(120):
        cases = served.call("cases", "list", "--each", "--json").document["cases"]
        for case in cases:
            if file.name in served.call("show", case["delivery"]).out:
                served.call("cases", "comment", case["id"], question, "--question", token=token)
                return str(case["id"])
        page.wait_for_timeout(500)
    raise AssertionError(cases)


def looked_at(page: Page, axe: str, name: str) -> None:
    """On a phone and on a wide screen, light and dark."""
    for width, scheme in ((360, "light"), (1440, "dark")):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        look(page, axe, f"{name}-{width}")


def answer(page: Page, text: str) -> None:
    page.get_by_label("Your answer about").fill(text)
    page.get_by_role("button", name="Send the answer").click()
    expect(page.get_by_label("Your answer about")).to_have_count(0)


def test_a_link_is_asked_and_answers(served: Served, browse: Open, axe: str, token: str, tmp_path: Path) -> None:
    file, place = sales(served, tmp_path, 910_000), link(served)
    page = browse()
    page.goto(place)
    choose(page, file)
    expect(page.get_by_text("arrived whole").first).to_be_visible(timeout=30_000)
    case = asked(served, page, token, file, f"Which shop is this? {HOSTILE}{LONG}")
    page.goto(place)
    expect(page.get_by_role("heading", name="A question waits for you")).to_be_visible()
    expect(page.get_by_text("Which shop is this? <img src=x")).to_be_visible()
    expect(page.get_by_text("a question about this file waits for you")).to_be_visible()
    assert case not in page.content()
    assert "\u202e" not in page.content()
    looked_at(page, axe, "send-asked")
    plain = browse(java_script_enabled=False)
    plain.goto(place)
    answer(plain, f"The harbour shop. {HOSTILE}")
    page.get_by_label("Your answer about").fill("Once more")
    page.get_by_role("button", name="Send the answer").click()
    expect(page.get_by_role("alert")).to_contain_text("answered already")
    told = served.call("cases", "show", case, "--json").document
    assert told["asked"] is False
    assert [one["text"].split(" ")[0] for one in told["comments"]] == ["Which", "The"]


def test_an_account_is_asked_and_somebody_is_mentioned(
    served: Served, browse: Open, axe: str, token: str, tmp_path: Path
) -> None:
    served.call("accounts", "add", "harbour", "--role", "operator:sales")
    page = browse()
    page.goto(served.fresh_link("harbour"))
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{served.url}/upload")
    file = sales(served, tmp_path, 920_000)
    choose(page, file)
    expect(page.get_by_text("arrived whole").first).to_be_visible(timeout=30_000)
    case = asked(served, page, token, file, f"Which shop is this? {HOSTILE}{LONG}")
    served.call("cases", "comment", case, "@harbour look at row 3, @nobody-here too", token=token)
    page.goto(served.url)
    expect(page.get_by_role("heading", name="Said to you")).to_be_visible()
    looked_at(page, axe, "overview-said")
    page.get_by_role("link", name="asking mentions you").click()
    expect(page.get_by_text("row 3")).to_be_visible()
    looked_at(page, axe, "case-asked")
    page.goto(served.url)
    expect(page.get_by_role("link", name="asking mentions you")).to_have_count(0)
    page.get_by_role("link", name="A question about").click()
    expect(page.get_by_role("heading", name="A question waits for you")).to_be_visible()
    looked_at(page, axe, "upload-asked")
    answer(page, "The harbour shop.")
    served.call("cases", "comment", case, "And since when?", "--question", token=token)
    own = served.call("accounts", "token", "harbour", "--for", "tests", "--may", "upload", "--json").document["token"]
    assert "may not upload" in served.call("cases", "answer", case, "mine", token=token, expect=2).err
    assert "answers on case" in served.call("cases", "answer", case, "Since May.", token=own).out
    assert "no question" in served.call("cases", "answer", case, "Since June.", token=own, expect=2).err
    page.goto(f"{served.url}/cases/{case}")
    expect(page.get_by_text("harbour (sender): The harbour shop.")).to_be_visible()
    expect(page.get_by_text("the sender was asked")).to_have_count(0)

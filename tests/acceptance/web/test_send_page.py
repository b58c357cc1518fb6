"""The page of an upload link as an outsider meets it: in a real browser, with and without scripts, on a phone."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect
from tests.acceptance.web.conftest import Served, Watched
from tests.acceptance.web.looking import look

CHUNK = 8 << 20
Open = Callable[..., Watched]


@pytest.fixture
def outside(chromium: Browser) -> Iterator[Open]:
    """Browsers that nobody is signed in with; what they should not say is heard at the end."""
    opened: list[tuple[BrowserContext, Watched]] = []

    def open_one(**options: object) -> Watched:
        context = chromium.new_context(**options)  # type: ignore[arg-type]
        opened.append((context, Watched(context)))
        return opened[-1][1]

    yield open_one
    for context, watched in opened:
        assert watched.said == []
        context.close()


def link(served: Served, *options: object) -> str:
    made = served.call("links", "make", "sales", "--label", "Harbour", "--url", served.url, *options, "--json")
    return str(made.document["link"])


def choose(page: Page, *files: Path) -> None:
    page.get_by_label("Drop files here").set_input_files(files)
    page.get_by_role("button", name="Send the chosen files").click()


def settled(page: Page, place: str, name: str, state: str) -> None:
    """Load the page until the file stands there so."""
    for _ in range(60):
        page.goto(place)
        arrived = page.get_by_role("listitem").filter(has_text=name)
        if arrived.count() and state in arrived.inner_text():
            return
        page.wait_for_timeout(250)
    expect(arrived).to_contain_text(state)


def big(folder: Path, name: str, chunks: int) -> Path:
    file = folder / name
    file.write_bytes(random.Random(name).randbytes(chunks * CHUNK + 77))  # noqa: S311  no secret
    return file


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_a_file_is_sent_and_its_receipt_verifies(
    served: Served, outside: Open, tmp_path: Path, *, scripts: bool
) -> None:
    first = 700_000 if scripts else 800_000
    options = ("--count", 60, "--seed", first, "--first-number", first, "--defects", "0.03", "--output", tmp_path)
    served.call("generate", "sales", *options)
    (file,) = tmp_path.glob("sales_batch_*.json")
    place = link(served)
    page = outside(java_script_enabled=scripts).page
    page.goto(place)
    expect(page.get_by_role("heading", level=1)).to_have_text("Send files to sales")
    expect(page.get_by_role("navigation")).to_have_count(0)
    expect(page.get_by_text("You have not sent anything yet.")).to_be_visible()
    choose(page, file)
    if scripts:
        expect(page.get_by_text("arrived whole")).to_be_visible()
    settled(page, place, file.name, "receipt ready")
    expect(page.get_by_text("same as on your side" if scripts else "found here")).to_be_visible()
    expect(page.locator(".equation")).to_contain_text("60")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the receipt").click()
    download.value.save_as(tmp_path / "receipt.json")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the public keys").click()
    download.value.save_as(tmp_path / "public.json")
    served.call("receipt", "verify", tmp_path / "receipt.json", "--key", tmp_path / "public.json")


def test_it_goes_on_after_a_cut_and_a_reload(served: Served, outside: Open, tmp_path: Path) -> None:
    file = big(tmp_path, "sales_batch_resumed.json", 4)
    place = link(served)
    watched = outside()
    page, offsets, broken = watched.page, list[int](), [True]

    def cut(route: Route) -> None:
        if broken and route.request.method == "PATCH" and len(offsets) > 2:
            route.abort("connectionreset")
        else:
            route.continue_()

    def heard(request: Request) -> None:
        if request.method == "PATCH":
            offsets.append(int(request.headers["upload-offset"]))

    page.on("request", heard)
    page.route("**/files/**", cut)
    page.goto(place)
    choose(page, file)
    expect(page.locator("progress")).to_have_attribute("value", re.compile(r"[3-6]\d"), timeout=20_000)
    page.wait_for_timeout(500)
    page.goto(place)
    broken.clear()
    waiting = page.get_by_role("listitem").filter(has_text=file.name)
    expect(waiting).to_contain_text("safe here")
    offsets.clear()
    choose(page, file)
    expect(page.get_by_text("arrived whole")).to_be_visible(timeout=30_000)
    assert offsets[0] >= CHUNK
    assert waiting.count() == 1  # the line of the server gave way to that of the browser
    watched.said = [said for said in watched.said if "ERR_CONNECTION_RESET" not in said]  # as the test wanted
    settled(page, place, file.name, "refused")  # random bytes are no JSON, and that is told
    expect(page.get_by_text("The file has no format that can be read")).to_be_visible()


def test_it_pauses_and_resumes(served: Served, outside: Open, tmp_path: Path) -> None:
    file = big(tmp_path, "sales_batch_paused.json", 3)
    page = outside().page

    def slow(route: Route) -> None:
        page.wait_for_timeout(300)
        route.continue_()

    page.route("**/files/**", slow)
    page.goto(link(served))
    choose(page, file)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("paused by you")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("arrived whole")).to_be_visible(timeout=30_000)


def test_a_file_that_is_another_on_the_way_is_refused_and_told(served: Served, outside: Open, tmp_path: Path) -> None:
    file = big(tmp_path, "sales_batch_damaged.json", 1)
    watched = outside()
    page = watched.page

    def claim_another(route: Route) -> None:
        headers = route.request.headers
        if "repr-digest" in headers:
            headers |= {"repr-digest": f"sha-256=:{'A' * 43}=:"}
        route.continue_(headers=headers)

    page.route("**/files/**", claim_another)
    place = link(served)
    page.goto(place)
    choose(page, file)
    expect(page.get_by_text("the sender says 0000")).to_be_visible(timeout=20_000)
    page.goto(place)
    expect(page.get_by_role("listitem").filter(has_text=file.name)).to_contain_text("refused")
    watched.said = [said for said in watched.said if "422" not in said]


def test_the_secret_is_in_no_other_address(served: Served, outside: Open, tmp_path: Path) -> None:
    file = big(tmp_path, "sales_batch_secret.json", 0)
    page = outside().page
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108  it takes no built-in
    place = link(served)
    secret = place.rpartition("/")[2]
    page.goto(place)
    choose(page, file)
    expect(page.get_by_text("arrived whole")).to_be_visible()
    assert len(asked) > 5
    assert {request.url for request in asked if secret in request.url} == {place}
    assert not [request for request in asked if secret in request.headers.get("referer", "")]
    assert secret not in page.evaluate("JSON.stringify(localStorage)")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1440])
def test_the_page_stands_in_all_its_states(
    served: Served, outside: Open, axe: str, tmp_path: Path, theme: str, width: int
) -> None:
    """Nothing that axe finds, and nothing that scrolls sideways but tables."""
    watched = outside(viewport={"width": width, "height": 900})
    page = watched.page
    page.context.add_cookies([{"name": "theme", "value": theme, "url": served.url}])
    number = 1_000_000 * (width + (theme == "dark"))
    served.call(
        "generate", "sales", "--count", 200, "--seed", number, "--first-number", number, "--defects", "0.02",
        "--output", tmp_path,
    )  # fmt: skip
    (file,) = tmp_path.glob("sales_batch_*.json")
    place = link(served, "--files", 3)
    page.goto(place)
    look(page, axe, f"send-empty-{theme}-{width}")
    odd = tmp_path / "sales_batch_spreadsheet.json"
    odd.write_bytes(b"PK\x03\x04" + bytes(str(number), "ascii"))
    choose(page, file, odd)
    expect(page.get_by_text("arrived whole")).to_have_count(2)
    look(page, axe, f"send-sent-{theme}-{width}")
    settled(page, place, file.name, "receipt ready")
    settled(page, place, odd.name, "refused")
    look(page, axe, f"send-{theme}-{width}")
    choose(page, big(tmp_path, f"sales_batch_{number}.json", 0))
    expect(page.locator("[data-uploads]").get_by_text("arrived whole")).to_be_visible()
    page.goto(place)
    expect(page.get_by_text("All that this link takes is sent")).to_be_visible()
    look(page, axe, f"send-used-up-{theme}-{width}")
    page.goto(f"{served.url}/send/{'0' * 64}")
    look(page, axe, f"send-over-{theme}-{width}")
    watched.said = [said for said in watched.said if "404" not in said]


def test_a_link_is_made_and_revoked_on_the_page(signed_in: Watched, outside: Open, axe: str) -> None:
    page = signed_in.page
    page.get_by_role("link", name="Upload links").click()
    page.get_by_label("For whom").fill("Depot South")
    page.get_by_role("button", name="Make the link").click()
    place = page.locator("[role=status] pre").inner_text()
    for width in (360, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        look(page, axe, f"links-made-{width}")
    watched = outside()
    watched.page.goto(place)
    expect(watched.page.get_by_role("heading", level=1)).to_have_text(re.compile("Send files to"))
    row = page.get_by_role("row").filter(has_text="Depot South")
    row.get_by_role("button", name="Revoke").click()
    expect(row).to_contain_text("revoked")
    watched.page.goto(place)
    expect(watched.page.get_by_role("heading", level=1)).to_have_text("This upload link does not work")
    watched.said = [said for said in watched.said if "404" not in said]

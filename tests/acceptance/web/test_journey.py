"""The whole way of a file in one browser story: signed in by the printed link, dropped, cut off, resumed, held,
corrected, approved by a second person, counted, and proven by a receipt that other people's tools verify."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect
from playwright.sync_api import Error as BrowserError
from tests.acceptance.web.conftest import Served, Watched, serving
from tests.acceptance.web.looking import look
from tests.foreign.test_evidence_page import block
from tests.harness.cutting_proxy import CuttingProxy

ROWS, WRONG = 22_000, 22  # 18 MB: three chunks
CHUNK_BYTES = 8 << 20  # of the page
UNDO_S = 1
PATIENCE_S = 60.0  # for anything, on a busy machine
FIGURES = """part => {
  const texts = row => [...row.cells].map(cell => cell.textContent.trim().toLowerCase());
  const table = part.querySelector("section[aria-labelledby=volume] table");
  const flows = [...part.querySelectorAll("section[aria-labelledby=flows] tbody tr")].map(texts);
  const [words] = [...table.tHead.rows].map(texts);
  const days = [...table.tBodies[0].rows].map(row => texts(row).slice(1));
  return [words.slice(1), days, flows.find(row => row[0] === "sales")[7]];
}"""


class Line:
    """Says to the proxy when the line is cut: once so many bytes went up, and from then on until it is mended."""

    def __init__(self) -> None:
        self.cut_at: int | None = None
        self.is_cut = False

    def __call__(self, up_bytes: int) -> bool:
        if self.cut_at is not None and up_bytes >= self.cut_at:
            self.cut_at, self.is_cut = None, True
        return self.is_cut


@pytest.fixture
def office(ran: Path, tmp_path: Path) -> Iterator[Served]:
    """A server of a project whose first admin also sends and reviews, and whose decisions take effect soon."""
    folder = tmp_path / "office"
    shutil.copytree(ran, folder)
    flow = folder / "flows" / "sales" / "flow.yaml"
    flow.write_text(flow.read_text().replace("review:\n", f"review:\n  undo: {UNDO_S}s\n"))
    with serving(folder) as served:
        served.call("accounts", "roles", "admin", "--role", "admin", "--role", "operator", "--role", "reviewer")
        expect.set_options(timeout=PATIENCE_S * 1000)
        yield served
        expect.set_options(timeout=5_000)  # as it was


def until(page: Page, holds: Callable[[], bool], *, reload: str = "") -> None:
    """Wait until it holds; with `reload` that address is read anew each time."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, f"it does not come to hold at {page.url}"
        page.wait_for_timeout(100)
        if reload:
            page.goto(reload)


def drop(page: Page, file: Path) -> None:
    """Drag a file from outside over the page, and let go."""
    box = page.locator("form.drop").bounding_box()
    assert box is not None
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + 8}  # beside the field, which takes files by itself
    held = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
    browser = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        browser.send("Input.dispatchDragEvent", {"type": kind, **place, "data": held})
    browser.detach()


def overview(page: Page, url: str) -> dict[str, int]:
    """The figures of sales on the overview: of the table below its chart, and what is held in all."""
    page.goto(url)
    words, days, waiting = page.locator("[data-part=overview]").evaluate(FIGURES)  # at once: the page is live
    sums = [sum(int(cell.replace(",", "")) for cell in column) for column in zip(*days, strict=True)]
    return dict(zip(words, sums, strict=True)) | {"waiting": int(waiting.replace(",", ""))}


def moved(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    return {word: after[word] - before[word] for word in before if after[word] != before[word]}


def downloaded(page: Page, link: str, place: Path) -> Path:
    with page.expect_download() as download:
        page.get_by_role("link", name=link).click()
    download.value.save_as(place)
    return place


def person(chromium: Browser, link: str) -> Watched:
    """Somebody with a browser of their own, signed in by a link that works once."""
    watched = Watched(chromium.new_context(viewport={"width": 1440, "height": 900}))
    watched.page.set_default_timeout(PATIENCE_S * 1000)
    watched.page.goto(link)
    watched.page.get_by_role("button", name="Sign in").click()
    expect(watched.page.get_by_role("navigation", name="Main")).to_be_visible()
    return watched


def test_from_the_printed_link_to_a_receipt(office: Served, chromium: Browser, axe: str, tmp_path: Path) -> None:
    numbers = ("--seed", 41, "--first-number", 50_000, "--defects", WRONG / ROWS, "--kind", "unknown_currency")
    office.call("generate", "sales", "--count", ROWS, *numbers, "--output", tmp_path / "out")
    (file,) = (tmp_path / "out").glob("sales_batch_*.json")
    assert file.stat().st_size > 2 * CHUNK_BYTES
    line = Line()
    with CuttingProxy(int(office.url.rpartition(":")[2]), line) as proxy:
        there = f"http://127.0.0.1:{proxy.port}"
        sender = person(chromium, office.link.replace(office.url, there))
        before = overview(sender.page, there)
        waiting = held_for_currency(sender.page, there)
        send_over_a_line_that_breaks(sender, there, file, line, proxy, axe)
        place = settle(sender.page, there, file)
        landed = overview(sender.page, there)
        assert moved(before, landed) == {"received": ROWS, "published": ROWS - WRONG, "held": WRONG, "waiting": WRONG}
        assert held_for_currency(sender.page, there) == waiting + WRONG
        propose(sender.page, place)
        expect(sender.page.get_by_role("alert")).to_contain_text("who delivered does not decide on it")
        sender.said = [said for said in sender.said if "403" not in said]
        first, second = (person(chromium, reviewer(sender.page, there, f"reviewer-{one}")) for one in (1, 2))
        found = propose(first.page, place)
        expect(first.page.locator(".panel")).to_contain_text("reviewer-1 cannot vote")
        expect(first.page.get_by_role("button", name=re.compile("^Correct 1"))).to_be_disabled()
        case = first.page.url
        approve(second.page, case, found)
        newest = second.page.get_by_role("link", name="receipt 2 of the delivery")
        until(second.page, lambda: newest.count() > 0, reload=case)
        expect(second.page.locator(".log").last).to_contain_text("executed")
        assert moved(landed, overview(second.page, there)) == {"published": 1, "held": -1, "waiting": -1}
        second.page.goto(place)
        expect(second.page.locator("svg.only-wide").first).to_contain_text("1 row came back by 1 amendment")
        verify(office, second.page, case, tmp_path)
    for watched in (sender, first, second):
        assert watched.said == []
        watched.page.context.close()


def send_over_a_line_that_breaks(
    sender: Watched, there: str, file: Path, line: Line, proxy: CuttingProxy, axe: str
) -> None:
    """Drop the file; the line breaks within its second part; come back and drop it again."""
    page, offsets = sender.page, list[int]()

    def heard(request: Request) -> None:
        if request.method == "PATCH":
            offsets.append(int(request.headers["upload-offset"]))

    page.on("request", heard)
    page.goto(there)
    page.get_by_role("link", name="Send files").click()
    line.cut_at = proxy.up_bytes + CHUNK_BYTES + CHUNK_BYTES // 2
    drop(page, file)
    until(page, lambda: line.is_cut)
    look(page, axe, "journey-cut")
    with pytest.raises(BrowserError):
        page.goto(f"{there}/upload")
    page.wait_for_url("chrome-error://**")
    sender.said.clear()  # of the line, as the test wanted
    line.is_cut = False
    page.goto(f"{there}/upload")
    waiting = page.get_by_role("listitem").filter(has_text=file.name)
    expect(waiting).to_contain_text(f"of {file.stat().st_size:,} bytes are safe here")
    look(page, axe, "journey-safe")
    offsets.clear()
    drop(page, file)
    expect(page.get_by_text("arrived whole")).to_be_visible()
    assert min(offsets) >= CHUNK_BYTES  # what had arrived is not sent again
    page.remove_listener("request", heard)


def settle(page: Page, there: str, file: Path) -> str:
    """Read what became of it, until it is archived; where its page is."""
    arrived = page.get_by_role("listitem").filter(has_text=file.name)
    upload = f"{there}/upload"
    page.goto(upload)
    until(page, lambda: arrived.locator(".state", has_text="archived").count() > 0, reload=upload)
    expect(arrived).to_contain_text("same as on your side")
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    expect(arrived.locator("abbr.hash")).to_have_attribute("title", sha256)
    expect(arrived.locator(".equation")).to_contain_text(f"{ROWS - WRONG:,}")
    arrived.get_by_role("link", name=re.compile("^See")).click()
    return page.url


def held_for_currency(page: Page, there: str) -> int:
    """Rows that the inbox shows for that reason."""
    page.goto(there)
    page.get_by_role("link", name=re.compile("Inbox")).click()
    page.locator(".groups").get_by_role("link", name=re.compile("Unknown currency")).click()
    expect(page.get_by_role("heading", level=2, name="Unknown currency")).to_be_visible()
    return int(page.locator(".groups [aria-current=true] .n").inner_text().split()[0].replace(",", ""))


def propose(page: Page, place: str) -> str:
    """Correct the first row of the delivery that waits for its currency; what was found there."""
    page.goto(place)
    page.get_by_role("link", name=f"Review {WRONG} rows").first.click()
    currency = page.get_by_label(re.compile("payment.currency"))
    found = currency.input_value()
    currency.select_option("EUR")
    page.get_by_label("Why").first.fill("The till wrote the wrong code; it books in EUR.")
    page.get_by_role("button", name=re.compile("Propose 1 corrected row")).click()
    return found


def reviewer(page: Page, there: str, name: str) -> str:
    """Add a reviewer on the page; the link that signs them in."""
    page.goto(f"{there}/accounts")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("Roles", exact=True).fill("reviewer:sales")
    page.get_by_role("button", name="Add it and make a link").click()
    return page.locator(".note pre").inner_text()


def approve(page: Page, case: str, found: str) -> None:
    page.goto(case)
    expect(page.locator(".panel del")).to_have_text(found)
    expect(page.locator(".panel ins")).to_have_text("EUR")
    page.get_by_role("button", name=re.compile("^Correct 1")).click()
    expect(page.locator("main")).to_contain_text(re.compile("is decided|executed"))


def verify(office: Served, page: Page, case: str, folder: Path) -> None:
    """The new receipt, by our command and by the script of docs/evidence.md that knows nothing of us."""
    page.goto(case)
    receipt = downloaded(page, "receipt 2 of the delivery", folder / "receipt.json")
    keys = office.folder / "keys" / "public.json"
    office.call("receipt", "verify", receipt, "--key", keys)
    (folder / "check.py").write_text(block("python"))
    (key,) = json.loads(keys.read_text())
    command = [sys.executable, "-I", "check.py", receipt.name, "+".join(key[part] for part in ("name", "id", "base64"))]
    checked = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    body = json.loads(checked.stdout.removeprefix("proven:"))
    counts = {"received": ROWS, "published": ROWS - WRONG + 1, "held": WRONG - 1, "rejected": 0, "duplicate": 0}
    assert counts.items() <= body["counts"].items()

"""Pictures of every page in light and dark, and docs/pages.md that shows them: `make screenshots`."""

from __future__ import annotations

import argparse
import io
import tempfile
from collections.abc import Collection
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from tests.harness.needed import needed
from tests.harness.shown_pages import PAGES, ShownPage
from tests.harness.shown_people import shown_provider
from tests.harness.shown_project import make_shown_project
from tests.harness.shown_site import ShownSite, serve_site

from headgate.core.platform import Platform

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "images" / "pages"
TEXT = ROOT / "docs" / "pages.md"
THEMES = ("light", "dark")
WIDE, LONGEST = 1440, 2600  # pixels; what is longer goes on in the browser
COLOURS = 72


def page_text(pages: Collection[ShownPage] = PAGES) -> str:
    """docs/pages.md."""
    lines = [
        "# The pages",
        "",
        "Every page of `headgate serve`, from a project with two weeks of deliveries. Each picture is light or dark as",
        "your system is; both are in `images/pages/`. `make screenshots` draws them anew and writes this page.",
    ]
    for page in pages:
        lines += [
            "",
            f"## {page.title}",
            "",
            page.sentence,
            "",
            "<picture>",
            f'  <source media="(prefers-color-scheme: dark)" srcset="images/pages/{page.name}-dark.png">',
            f'  <img src="images/pages/{page.name}-light.png" alt="{page.title}: {page.sentence}">',
            "</picture>",
        ]
    return "\n".join(lines) + "\n"


def shoot(tab: Page, site: ShownSite, platform: Platform, page: ShownPage, theme: str) -> bytes:
    """A picture of one page in one theme, with few colours."""
    tab.context.add_cookies([{"name": "theme", "value": theme, "url": site.url}])
    answer = tab.goto(site.url + page.place(platform))
    assert answer is not None
    assert answer.status == 200, f"{page.name} answers {answer.status}"
    if page.act is not None:
        page.act(tab)
    drawn = tab.screenshot(full_page=True)
    picture = Image.open(io.BytesIO(drawn)).convert("RGB")
    picture = picture.crop((0, 0, picture.width, min(picture.height, LONGEST)))
    few = picture.quantize(palette=_palette(picture), dither=Image.Dither.NONE)
    kept = io.BytesIO()
    few.save(kept, "PNG", optimize=True)
    return kept.getvalue()


def opened(browser: Browser, site: ShownSite, page: ShownPage) -> Page:
    """A browser that its visitor has signed in with."""
    tab = browser.new_context(viewport={"width": WIDE, "height": 900}, reduced_motion="reduce").new_page()
    if page.role is not None:
        tab.goto(site.link(page.visitor, page.role))
        tab.get_by_role("button", name="Sign in").click()
    return tab


def _palette(picture: Image.Image) -> Image.Image:
    """The commonest colours exactly as they are, so that no average tints the ground, and some for what is rare."""
    found: list[tuple[int, tuple[int, int, int]]] = picture.getcolors(picture.width * picture.height)  # type: ignore[assignment]
    exact = [part for _, colour in sorted(found, reverse=True)[: COLOURS // 2] for part in colour]
    rare = picture.quantize(COLOURS // 2, method=Image.Quantize.MAXCOVERAGE).getpalette() or []
    palette = Image.new("P", (1, 1))
    palette.putpalette(exact + rare[: COLOURS // 2 * 3])
    return palette


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", nargs="*", help="names of pages; default: all, and docs/pages.md")
    wanted = parser.parse_args().only
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name) / "shop"
        platform, clock = make_shown_project(folder)
        program = needed("chromium", "chromium-browser", "google-chrome")
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        with serve_site(platform, folder, clock, provided=shown_provider(clock)) as site:
            tabs: dict[str, Page] = {}  # one for each visitor: who signs in anew for each picture fills the log
            for page in PAGES:
                for theme in THEMES if not wanted or page.name in wanted else ():
                    tab = tabs.get(page.visitor) or tabs.setdefault(page.visitor, opened(browser, site, page))
                    content = shoot(tab, site, platform, page, theme)
                    (FOLDER / f"{page.name}-{theme}.png").write_bytes(content)
                    print(f"{page.name}-{theme}.png {len(content) // 1000} kB")  # noqa: T201  a command
        browser.close()
        platform.close()
    if not wanted:
        known = {f"{page.name}-{theme}.png" for page in PAGES for theme in THEMES}
        for place in FOLDER.glob("*.png"):
            if place.name not in known:
                place.unlink()
    TEXT.write_text(page_text())


if __name__ == "__main__":
    main()

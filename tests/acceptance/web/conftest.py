"""`headgate serve` as a process, and a real Chromium that looks at it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright
from tests.acceptance.conftest import Headgate, headgate_in
from tests.harness.needed import needed, node_modules

AXE = Path(__file__).parents[2] / "foreign" / "axe"
SHOTS = os.environ.get("HEADGATE_SHOTS")
"""A folder for pictures of every page that a test looks at."""


class Served(msgspec.Struct, kw_only=True):
    """A server of a project, on a port of its own."""

    folder: Path
    url: str
    link: str
    call: Headgate

    def fresh_link(self, account: str) -> str:
        """Signs that account in, once."""
        document = self.call("accounts", "link", account, "--url", self.url, "--json").document
        return str(document["link"])


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """A server of the project; it must end in order and without a traceback."""
    command = [sys.executable, "-m", "headgate.cli.main", "serve", "--port", "0", "--json"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            document = json.loads(_first_object(process.stdout))
            yield Served(folder=folder, url=document["url"], link=document["link"], call=headgate_in(folder))
        finally:
            process.send_signal(signal.SIGTERM)
            _, told = process.communicate(timeout=20)
        assert (process.returncode, "Traceback" in told) == (0, False), told


@pytest.fixture(scope="module")
def served(ran: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served") / "shop"
    shutil.copytree(ran, folder)
    with serving(folder) as server:
        yield server


def _first_object(stream: IO[str]) -> str:
    """The lines up to the first that ends an object; the server goes on after it."""
    text = ""
    while not text.endswith("}\n"):
        line = stream.readline()
        assert line, "the server ended before it served"
        text += line
    return text


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    program = needed("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        # no sandbox of its own: it does not start as root without that, and it sees our pages only
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of axe-core."""
    modules = node_modules(AXE, tmp_path_factory.mktemp("axe"))
    return (modules / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


class Watched:
    """A page of which everything is heard that it should not say."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.said: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("requestfailed", self._failed)

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the browser went on to another page, or the request was a download
            self.said.append(f"{request.url}: {request.failure}")


@pytest.fixture
def signed_in(served: Served, chromium: Browser) -> Iterator[Watched]:
    """A browser that the first admin has signed in with by a link."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    watched = Watched(context)
    watched.page.goto(served.fresh_link("admin"))
    watched.page.get_by_role("button", name="Sign in").click()
    watched.page.goto(served.url)
    yield watched
    assert watched.said == []
    context.close()

"""One's own account as somebody meets it: in a real browser, and with what it gives to programs."""

from __future__ import annotations

import io
import json
import shutil
from base64 import b32decode
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, expect
from tests.acceptance.web.conftest import Served, Watched, serving
from tests.acceptance.web.looking import look
from tusclient.client import TusClient

from headgate.core.totp import code_at, step_at


@pytest.fixture(scope="module")
def strict(ran: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that asks a second factor of analysts."""
    folder = tmp_path_factory.mktemp("strict") / "shop"
    shutil.copytree(ran, folder)
    with (folder / "headgate.toml").open("a") as file:
        file.write('\n[sign_in]\nsecond_factor = ["analyst"]\nrefused_words = ["weirworks"]\n')
        file.write('refused_passwords = "breached.txt"\n')
    (folder / "breached.txt").write_text(sha1(b"nine lazy sluices", usedforsecurity=False).hexdigest().upper())
    with serving(folder) as server:
        yield server


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("scripts", [True, False])
def test_who_must_have_a_second_factor_is_led_to_it(
    strict: Served, chromium: Browser, axe: str, theme: str, *, scripts: bool
) -> None:
    name = f"asked-{theme}-{scripts}".lower()
    strict.call("accounts", "add", name, "--role", "analyst")
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, java_script_enabled=scripts)
    context.add_cookies([{"name": "theme", "value": theme, "url": strict.url}])
    page = context.new_page()
    page.goto(strict.fresh_link(name))
    page.get_by_role("button", name="Sign in").click()
    for path in ("", "/deliveries", "/me"):
        page.goto(strict.url + path)
        expect(page.get_by_role("heading", level=1)).to_have_text("Your role asks for a second factor")
    if scripts:
        for width in (1440, 360):
            page.set_viewport_size({"width": width, "height": 900})
            look(page, axe, f"second-factor-needed-{theme}-{width}")
    page.get_by_role("button", name="Set up a second factor").click()
    secret = b32decode(page.locator("pre").inner_text().replace(" ", ""))
    page.get_by_label("The code that").fill(code_at(secret, step_at(datetime.now(UTC))))
    page.get_by_role("button", name="Ask for codes").click()
    page.get_by_role("link", name="I have kept them").click()
    for password, said in (("the weirworks river", "may not hold 'weirworks'"), ("nine lazy sluices", "was stolen")):
        page.get_by_label("New password").fill(password)
        page.get_by_role("button", name="Set the password").click()
        expect(page.get_by_role("alert")).to_contain_text(said)
    page.goto(strict.url)
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sign in to")
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_other_sessions_are_ended_after_the_password(served: Served, chromium: Browser, axe: str, theme: str) -> None:
    name, password = f"many-{theme}", "eight sluices and a weir"
    served.call("accounts", "add", name, "--role", "analyst")
    contexts = [chromium.new_context(viewport={"width": 1440, "height": 900}) for _ in range(3)]
    pages = [context.new_page() for context in contexts]
    for page in pages:
        page.context.add_cookies([{"name": "theme", "value": theme, "url": served.url}])
    page, *others = pages
    page.goto(served.fresh_link(name))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("New password").fill(password)
    page.get_by_role("button", name="Set the password").click()
    for other in others:
        other.goto(f"{served.url}/sign-in")
        other.get_by_label("Account").fill(name)
        other.get_by_label("Password").fill(password)
        other.get_by_role("button", name="Sign in").click()
    page.goto(f"{served.url}/me")
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 900})
        look(page, axe, f"me-sessions-{theme}-{width}")
    page.locator("#proof").fill("not the password")
    page.get_by_role("button", name="End session 1").click()
    expect(page.get_by_role("alert")).to_contain_text("No session was ended")
    page.locator("#proof").fill(password)
    page.get_by_role("button", name="End session 1").click()
    expect(page.get_by_text("2 sessions")).to_be_visible()
    page.locator("#proof").fill(password)
    page.get_by_role("button", name="End all other sessions").click()
    expect(page.get_by_text("1 session", exact=True)).to_be_visible()
    for other in others:
        other.goto(f"{served.url}/deliveries")
        expect(other.get_by_role("heading", level=1)).to_contain_text("Sign in to")
    for context in contexts:
        context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_token_is_made_used_and_revoked(served: Served, signed_in: Watched, axe: str, theme: str) -> None:
    page = signed_in.page
    page.context.add_cookies([{"name": "theme", "value": theme, "url": served.url}])
    page.goto(f"{served.url}/me")
    page.get_by_label("What it is for").fill(f"nightly {theme}")
    page.get_by_label("see", exact=True).check()
    page.get_by_role("button", name="Make the token").click()
    secret = page.locator(".note pre").inner_text()
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 900})
        look(page, axe, f"me-token-{theme}-{width}")
    assert _status(served, secret) == 200
    page.goto(f"{served.url}/me")
    row = page.get_by_role("row", name=f"nightly {theme}")
    expect(row).not_to_contain_text("never")
    row.get_by_role("button", name="Revoke").click()
    expect(row).to_have_count(0)
    assert _status(served, secret) == 401


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_second_factor_from_the_picture_to_the_sign_in(
    served: Served, chromium: Browser, axe: str, theme: str
) -> None:
    name = f"second-{theme}"
    served.call("accounts", "add", name, "--role", "analyst")
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "theme", "value": theme, "url": served.url}])
    page = context.new_page()
    page.goto(served.fresh_link(name))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Set up a second factor").click()
    expect(page.get_by_role("img", name="QR code")).to_be_visible()
    secret = b32decode(page.locator("pre").inner_text().replace(" ", ""))
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 900})
        look(page, axe, f"second-factor-{theme}-{width}")
    page.get_by_label("The code that").fill(code_at(secret, step_at(datetime.now(UTC))))
    page.get_by_role("button", name="Ask for codes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Codes are asked for from now on")
    look(page, axe, f"recovery-{theme}-360")
    recovery = page.locator("pre").inner_text().split()
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("10 recovery codes left")).to_be_visible()
    look(page, axe, f"me-second-factor-{theme}-360")
    page.get_by_role("button", name="Sign out").click()
    page.goto(served.fresh_link(name))
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your code")
    look(page, axe, f"code-{theme}-360")
    page.get_by_label("Code").fill("1")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("The code does not fit")
    page.get_by_label("Code").fill(recovery[0])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    assert served.call("accounts", "totp", name, "--json").document["totp"]
    served.call("accounts", "totp", name, "--off")
    page.goto(f"{served.url}/me")
    expect(page.get_by_role("button", name="Set up a second factor")).to_be_visible()
    context.close()


def test_a_program_sends_a_file_with_a_token(served: Served, tmp_path: Path) -> None:
    """By tuspy, which knows nothing of us."""
    served.call("generate", "sales", "--count", 10, "--files", 1, "--seed", 31, "--output", tmp_path)
    (file,) = tmp_path.glob("sales_batch_*.json")
    served.call("accounts", "add", "sender-9", "--role", "uploader:sales")
    token = ("accounts", "token", "sender-9", "--for", "export", "--may", "upload", "--flow", "sales", "--json")
    secret = served.call(*token).document["token"]
    client = TusClient(f"{served.url}/files", headers={"Authorization": f"Bearer {secret}"})
    stream = io.BytesIO(file.read_bytes())
    client.uploader(file_stream=stream, chunk_size=2_000, metadata={"filename": file.name}).upload()
    seeing = served.call("accounts", "token", "admin", "--for", "looks", "--may", "see", "--json").document["token"]
    names = [each["file"] for each in _deliveries(served, seeing)]
    assert file.name in names
    used = served.call("accounts", "tokens", "sender-9", "--json").document["tokens"][0]["used_at"]
    assert used is not None


def _deliveries(served: Served, secret: str) -> list[dict[str, Any]]:
    asked = Request(f"{served.url}/api/deliveries", headers={"Authorization": f"Bearer {secret}"})  # noqa: S310  ours
    with urlopen(asked, timeout=20) as answer:  # noqa: S310  same
        found: list[dict[str, Any]] = json.load(answer)["deliveries"]
    return found


def _status(served: Served, secret: str) -> int:
    asked = Request(f"{served.url}/api/deliveries", headers={"Authorization": f"Bearer {secret}"})  # noqa: S310  ours
    try:
        with urlopen(asked, timeout=20) as answer:  # noqa: S310  same
            assert json.load(answer)["deliveries"]
            return int(answer.status)
    except HTTPError as error:
        return error.code


def test_what_a_session_showed_does_not_outlive_it(served: Served, chromium: Browser) -> None:
    """In another tab, behind the back button, and where nothing is clicked any more."""
    served.call("accounts", "add", "leaving", "--role", "analyst")
    context = chromium.new_context()
    page, other = context.new_page(), context.new_page()
    page.goto(served.fresh_link("leaving"))
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{served.url}/deliveries")
    page.evaluate("localStorage.setItem('tus::a file to go on with', '1'); localStorage.setItem('keys', 'off')")
    other.goto(f"{served.url}/deliveries")
    expect(other.get_by_role("heading", level=1)).to_have_text("Deliveries")
    page.get_by_role("button", name="Sign out").click()
    for one in (page, other):
        expect(one.get_by_role("heading", level=1)).to_contain_text("Sign in to")
    assert page.evaluate("Object.keys(localStorage)") == ["keys"]
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Sign in to")
    context.close()


@pytest.mark.parametrize("online", [True, False])
def test_a_page_is_emptied_when_its_session_has_ended(served: Served, chromium: Browser, *, online: bool) -> None:
    name = f"idle-{online}".lower()
    served.call("accounts", "add", name, "--role", "analyst")
    context = chromium.new_context()
    page = context.new_page()
    page.clock.install()
    page.goto(served.fresh_link(name))
    page.get_by_role("button", name="Sign in").click()
    page.goto(f"{served.url}/deliveries")
    expect(page.get_by_role("heading", level=1)).to_have_text("Deliveries")
    served.call("accounts", "disable", name)
    context.set_offline(not online)
    page.clock.fast_forward("07:55:00")
    expect(page.get_by_role("heading", level=1)).to_have_text("Deliveries")
    page.clock.fast_forward("00:06:00")
    expect(page.get_by_role("heading", name="Deliveries")).to_have_count(0)
    if online:
        expect(page.get_by_role("heading", level=1)).to_contain_text("Sign in to")
    context.close()

"""Signing in by a provider as somebody meets it: a real browser, `headgate serve` and oidc-provider as processes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from tests.acceptance.web.conftest import Served, Watched, serving
from tests.acceptance.web.looking import look
from tests.harness.oidc_provider import CLIENT_ID, Provider, installed


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    program = installed(tmp_path_factory.mktemp("oidc"))
    started = Provider(program, "http://127.0.0.1/sign-in/oidc/callback", secret=None)  # any port (RFC 8252, 7.3)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def provided(ran: Path, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("provided") / "shop"
    shutil.copytree(ran, folder)
    with (folder / "headgate.toml").open("a", encoding="utf-8") as settings:
        settings.write(
            f"""
[sign_in.oidc]
issuer = "{provider.issuer}"
client_id = "{CLIENT_ID}"
name = "Lake ID"
[sign_in.oidc.grants]
"lake-reviewers" = ["reviewer:sales"]
"""
        )
    with serving(folder) as started:
        yield started


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_from_the_button_to_the_overview_and_out(
    provided: Served, provider: Provider, chromium: Browser, axe: str, theme: str
) -> None:
    provider.control(roles={"quinta": ["lake-reviewers"]})
    context = chromium.new_context(viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "theme", "value": theme, "url": provided.url}])
    watched = Watched(context)
    page = watched.page
    page.goto(f"{provided.url}/deliveries")
    look(page, axe, f"sign-in-provider-{theme}-1440")
    page.get_by_role("link", name="Sign in with Lake ID").click()
    page.locator('input[name="login"]').fill("quinta")
    page.locator('input[name="password"]').fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Deliveries")
    page.get_by_role("link", name="quinta").click()
    expect(page.locator(".lead")).to_contain_text("reviewer in sales")
    look(page, axe, f"me-provider-{theme}-1440")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out of shop")
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 900})
        look(page, axe, f"signed-out-{theme}-{width}")
    page.goto(f"{provided.url}/deliveries")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in to shop")
    assert [said for said in watched.said if provided.url in said] == []
    context.close()


def test_without_a_group_nobody_gets_in(provided: Served, provider: Provider, chromium: Browser, axe: str) -> None:
    provider.control(roles={})
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{provided.url}/sign-in")
    page.get_by_role("link", name="Sign in with Lake ID").click()
    page.locator('input[name="login"]').fill("stranger")
    page.locator('input[name="password"]').fill("any")
    page.get_by_role("button", name="Sign-in").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are not signed in")
    look(page, axe, "not-signed-in")
    assert "stranger" not in provided.call("accounts", "list").out
    context.close()


def test_a_provider_that_is_half_described(provided: Served) -> None:
    place = provided.folder / "headgate.toml"
    text = place.read_text(encoding="utf-8")
    place.write_text(text.replace("client_id", "client"), encoding="utf-8")
    assert "'client' is no setting" in provided.call("serve", "--port", "0", expect=2).err
    place.write_text(text.replace("client_id =", 'client_secret = "nowhere"\nclient_id ='), encoding="utf-8")
    assert "nowhere.secret" in provided.call("serve", "--port", "0", expect=2).err
    place.write_text(text, encoding="utf-8")

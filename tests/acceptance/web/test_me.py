"""One's own account as somebody meets it: in a real browser, and with what it gives to programs."""

from __future__ import annotations

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect
from tests.acceptance.web.conftest import Served, Watched, look


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


def _status(served: Served, secret: str) -> int:
    asked = Request(f"{served.url}/api/deliveries", headers={"Authorization": f"Bearer {secret}"})  # noqa: S310  ours
    try:
        with urlopen(asked, timeout=20) as answer:  # noqa: S310  same
            assert json.load(answer)["deliveries"]
            return int(answer.status)
    except HTTPError as error:
        return error.code

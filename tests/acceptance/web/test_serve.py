"""`serve` and `accounts` as commands."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.acceptance.conftest import Headgate, headgate_in


@pytest.fixture
def call(tmp_path: Path) -> Headgate:
    headgate_in(tmp_path)("init", "shop")
    return headgate_in(tmp_path / "shop")


def test_accounts_by_command(call: Headgate) -> None:
    assert call("accounts", "list", "--json").document == {"accounts": []}
    added = call("accounts", "add", "reviewer-1", "--role", "reviewer:sales", "--json").document
    assert added["roles"] == ["reviewer:sales"]
    assert "already" in call("accounts", "add", "reviewer-1", expect=2).err
    assert "'boss' is no role" in call("accounts", "add", "other", "--role", "boss", expect=2).err
    assert "cannot be an account's name" in call("accounts", "add", "Some Body", expect=2).err
    call("accounts", "roles", "reviewer-1", "--role", "admin")
    assert "only admin" in call("accounts", "roles", "reviewer-1", "--role", "analyst", expect=2).err
    assert "only admin" in call("accounts", "disable", "reviewer-1", expect=2).err
    call("accounts", "add", "admin-2", "--role", "admin")
    call("accounts", "disable", "reviewer-1")
    assert "disabled" in call("accounts", "link", "reviewer-1", expect=2).err
    call("accounts", "enable", "reviewer-1")
    link = call("accounts", "link", "reviewer-1", "--url", "https://lake.example.org/", "--json").document["link"]
    assert link.startswith("https://lake.example.org/link/")
    assert "There is no account" in call("accounts", "link", "nobody", expect=2).err
    call("audit", "verify")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--host", "0.0.0.0"), "without TLS passwords would be readable"),  # noqa: S104  what is refused
        (("--host", "nowhere.invalid"), "without TLS"),
        (("--tls-cert", "cert.pem"), "needs both"),
        (("--tls-cert", "cert.pem", "--tls-key", "key.pem"), "is no file"),
    ],
)
def test_what_serve_refuses(call: Headgate, options: tuple[str, ...], said: str) -> None:
    assert said in call("serve", *options, expect=2).err

"""`serve` and `accounts` as commands."""

from __future__ import annotations

import re
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


def test_a_second_factor_by_command(call: Headgate) -> None:
    call("accounts", "add", "reviewer-1", "--role", "reviewer")
    assert call("accounts", "totp", "reviewer-1", "--json").document == {"name": "reviewer-1", "totp": False}
    assert "no code is asked for" in call("accounts", "totp", "reviewer-1", "--off").out
    assert "There is no account" in call("accounts", "totp", "nobody", expect=2).err


def test_tokens_by_command(call: Headgate) -> None:
    call("accounts", "add", "sender-1", "--role", "uploader:sales")
    make = ("accounts", "token", "sender-1", "--for", "nightly export")
    made = call(*make, "--may", "upload", "--flow", "sales", "--days", "7", "--json").document
    assert re.fullmatch(r"hgt_\w{39}", made["token"])
    assert (made["permissions"], made["flow"]) == (["upload"], "sales")
    listed = call("accounts", "tokens", "sender-1")
    assert made["id"] in listed.out
    assert made["token"] not in listed.out
    assert "may not decide itself" in call(*make, "--may", "decide", expect=2).err
    assert "'all' is no permission" in call(*make, "--may", "all", expect=2).err
    assert "Missing option" in call(*make, expect=2).err
    call(*make, "--may", "upload", "--days", "366", expect=2)
    call("accounts", "revoke", "sender-1", made["id"])
    assert call("accounts", "tokens", "sender-1", "--json").document == {"tokens": []}
    assert "has no token" in call("accounts", "revoke", "sender-1", made["id"], expect=2).err
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

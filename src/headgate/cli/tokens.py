"""`accounts token`, `tokens` and `revoke`: tokens with which programs speak for an account."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headgate.cli.console import answer, columns
from headgate.cli.opened_people import opened_people
from headgate.cli.options import account_argument, examples, json_option, project_option

if TYPE_CHECKING:
    from headgate.core.roles import Permission
    from headgate.core.tokens import Token


@click.command(
    "token",
    epilog=examples(
        "headgate accounts token sender-1 --for nightly-export --may upload --flow sales",
        "headgate accounts token reviewer-1 --for terminal --may see --may decide --days 7",
    ),
)
@account_argument
@click.option("--for", "title", metavar="TEXT", required=True, help="What it is for, to know it again.")
@click.option(
    "--may",
    "permissions",
    metavar="PERMISSION",
    multiple=True,
    required=True,
    help="see, upload, decide, operate, query, unmask, audit or accounts; the account must have it itself.",
)
@click.option("--flow", default="", show_default=False, metavar="FLOW", help="In this flow only.")
@click.option(
    "--days",
    type=click.IntRange(1, 365),
    show_default="90, or 30 for an account of a provider",
    help="How long it holds.",
)
@project_option
@json_option
def make(
    name: str,
    *,
    title: str,
    permissions: tuple[str, ...],
    flow: str,
    days: int | None,
    project: Path | None,
    as_json: bool,
) -> None:
    """Print a new API token of an account, this once.

    Programs send it as `Authorization: Bearer`, commands read it from HEADGATE_TOKEN. It may what it names and the
    account may at that moment.
    """
    from headgate.people import COMMAND, one_account
    from headgate.tokens import make_token

    scope, length = _permissions(permissions), None if days is None else timedelta(days=days)
    with opened_people(project) as people:
        account = one_account(people, name)
        secret, token = make_token(people, account, title, scope, by=COMMAND, flow=flow, length=length)
    answer({"token": secret, **_document(token)}, [secret], as_json=as_json)


@click.command("tokens", epilog=examples("headgate accounts tokens sender-1"))
@account_argument
@project_option
@json_option
def list_tokens(name: str, *, project: Path | None, as_json: bool) -> None:
    """List an account's tokens: what they may, until when, and when they were last used."""
    from headgate.people import one_account

    with opened_people(project) as people:
        found = people.accounts.tokens(one_account(people, name).id)
        now = people.clock()
    rows = [
        (
            one.id,
            one.name,
            " ".join(one.permissions),
            one.flow or "all flows",
            f"{one.expires_at:%Y-%m-%d}" if one.expires_at > now else "expired",
            f"{one.used_at:%Y-%m-%d %H:%M}" if one.used_at else "never",
        )
        for one in found
    ]
    heads = ("id", "for", "may", "in", "until", "last used")
    lines = columns(rows, heads=heads) if rows else [f"{name} has no token."]
    answer({"tokens": [_document(one) for one in found]}, lines, as_json=as_json)


@click.command("revoke", epilog=examples("headgate accounts revoke sender-1 t-3f9a2c417be0d655"))
@account_argument
@click.argument("token", metavar="TOKEN", help="Its id, as `headgate accounts tokens` shows it.")
@project_option
@json_option
def revoke(name: str, token: str, *, project: Path | None, as_json: bool) -> None:
    """End a token at once."""
    from headgate.people import COMMAND, one_account
    from headgate.tokens import revoke_token

    with opened_people(project) as people:
        revoke_token(people, one_account(people, name), token, by=COMMAND)
    answer({"revoked": token}, [f"{token} is revoked."], as_json=as_json)


def _permissions(texts: tuple[str, ...]) -> list[Permission]:
    from headgate.core.errors import UsageError
    from headgate.core.roles import Permission

    for text in texts:
        if text not in set(Permission):
            raise UsageError(f"{text!r} is no permission; there are {', '.join(Permission)}.")
    return [Permission(text) for text in texts]


def _document(token: Token) -> dict[str, object]:
    return {
        "id": token.id,
        "name": token.name,
        "permissions": list(token.permissions),
        "flow": token.flow or None,
        "made_at": token.made_at.isoformat(),
        "expires_at": token.expires_at.isoformat(),
        "used_at": token.used_at.isoformat() if token.used_at else None,
    }

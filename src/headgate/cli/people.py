"""`accounts`: who may sign in to the web application. Whoever owns the project's folder is admin here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from headgate.cli.console import answer, columns
from headgate.cli.opened_people import opened_people
from headgate.cli.options import Group, account_argument, examples, json_option, project_option
from headgate.cli.tokens import list_tokens, make, revoke

if TYPE_CHECKING:
    from headgate.core.accounts import Account
    from headgate.core.roles import Grant

accounts = Group("accounts", help="Who may sign in to the web application, and with which roles.")
role_option = click.option(
    "--role",
    "roles",
    multiple=True,
    metavar="ROLE[:FLOW]",
    help="uploader, reviewer, operator, analyst, auditor or admin; in one flow, or in all.",
)


@accounts.command("list", epilog=examples("headgate accounts list"))
@project_option
@json_option
def list_accounts(*, project: Path | None, as_json: bool) -> None:
    """List the accounts with their roles."""
    with opened_people(project) as people:
        found = people.accounts.accounts()
    rows = [(one.name, _state(one), " ".join(map(str, one.grants)) or "no role", one.id) for one in found]
    lines = columns(rows, heads=("account", "signs in", "roles", "id")) if rows else ["There is no account yet."]
    answer({"accounts": [_document(one) for one in found]}, lines, as_json=as_json)


@accounts.command("add", epilog=examples("headgate accounts add reviewer-1 --role reviewer:sales --role analyst"))
@account_argument
@role_option
@project_option
@json_option
def add(name: str, *, roles: tuple[str, ...], project: Path | None, as_json: bool) -> None:
    """Add an account. It signs in by link first: `headgate accounts link NAME`."""
    from headgate.people import COMMAND, add_account

    with opened_people(project) as people:
        account = add_account(people, name, _grants(roles), by=COMMAND)
    lines = [f"{account.name} is added.", f"Next: `headgate accounts link {account.name}` while `headgate serve` runs."]
    answer(_document(account), lines, as_json=as_json)


@accounts.command("roles", epilog=examples("headgate accounts roles reviewer-1 --role reviewer"))
@account_argument
@role_option
@project_option
@json_option
def roles(name: str, *, roles: tuple[str, ...], project: Path | None, as_json: bool) -> None:
    """Give an account these roles and no others; they count from its next click on."""
    from headgate.people import COMMAND, change_grants, one_account

    with opened_people(project) as people:
        account = change_grants(people, one_account(people, name), _grants(roles), by=COMMAND)
    told = " ".join(map(str, account.grants)) or "no role"
    answer(_document(account), [f"{account.name}: {told}"], as_json=as_json)


@accounts.command("link", epilog=examples("headgate accounts link admin --url http://127.0.0.1:8420"))
@account_argument
@click.option("--url", default="http://127.0.0.1:8420", show_default=True, help="Where `headgate serve` answers.")
@project_option
@json_option
def link(name: str, *, url: str, project: Path | None, as_json: bool) -> None:
    """Print a link that signs an account in, once, within the hour; there it can set a password."""
    from headgate.core.accounts import Purpose
    from headgate.people import COMMAND, make_link, one_account

    with opened_people(project) as people:
        secret = make_link(people, one_account(people, name), Purpose.RESET, by=COMMAND)
    place = f"{url.rstrip('/')}/link/{secret}"
    answer({"account": name, "link": place}, [place], as_json=as_json)


@accounts.command("disable", epilog=examples("headgate accounts disable reviewer-1"))
@account_argument
@project_option
@json_option
def disable(name: str, *, project: Path | None, as_json: bool) -> None:
    """Shut an account out and end its sessions, at once."""
    _set_disabled(name, project, disabled=True, as_json=as_json)


@accounts.command("enable", epilog=examples("headgate accounts enable reviewer-1"))
@account_argument
@project_option
@json_option
def enable(name: str, *, project: Path | None, as_json: bool) -> None:
    """Let an account in again."""
    _set_disabled(name, project, disabled=False, as_json=as_json)


@accounts.command(
    "totp", epilog=examples("headgate accounts totp reviewer-1", "headgate accounts totp reviewer-1 --off")
)
@account_argument
@click.option("--off", is_flag=True, help="Ask for no code any more: for somebody who lost the authenticator.")
@project_option
@json_option
def totp(name: str, *, off: bool, project: Path | None, as_json: bool) -> None:
    """Say whether an account is asked for a code when it signs in, or take that off. Its owner sets it up at /me."""
    from headgate.people import COMMAND, one_account
    from headgate.second_factor import take_off

    with opened_people(project) as people:
        account = one_account(people, name)
        on = account.second_factor and not off
        if off:
            take_off(people, account, by=COMMAND)
    answer(
        {"name": name, "totp": on},
        [f"{name}: {'a code is asked for' if on else 'no code is asked for'}"],
        as_json=as_json,
    )


accounts.add_command(make)
accounts.add_command(list_tokens)
accounts.add_command(revoke)


def _set_disabled(name: str, project: Path | None, *, disabled: bool, as_json: bool) -> None:
    from headgate.people import COMMAND, one_account, set_disabled

    with opened_people(project) as people:
        account = set_disabled(people, one_account(people, name), disabled=disabled, by=COMMAND)
    answer(_document(account), [f"{account.name}: {_state(account)}"], as_json=as_json)


def _grants(texts: tuple[str, ...]) -> list[Grant]:
    from headgate.core.errors import UsageError
    from headgate.core.roles import grant_of

    try:
        return [grant_of(text) for text in texts]
    except ValueError as error:
        raise UsageError(str(error)) from error


def _state(account: Account) -> str:
    if account.disabled_at is not None:
        return "disabled"
    if account.issuer:
        return "by provider"
    return ("by password" if account.password else "by link") + (" and code" if account.second_factor else "")


def _document(account: Account) -> dict[str, object]:
    return {
        "id": account.id,
        "name": account.name,
        "roles": [str(grant) for grant in account.grants],
        "disabled": account.disabled_at is not None,
        "password": account.password is not None,
        "totp": account.second_factor,
        "issuer": account.issuer or None,
    }

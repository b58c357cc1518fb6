"""Acts on API tokens, each one function without HTTP and without printing."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from headgate.core.accounts import Account, secret_id
from headgate.core.errors import NotFoundError, UsageError
from headgate.core.records import Event
from headgate.core.replacing import replace
from headgate.core.roles import Permission, flows_for, may, narrowed
from headgate.core.tokens import (
    LONGEST_PROVIDED_TOKEN,
    LONGEST_TOKEN,
    MOST_NAME,
    TOKEN_BYTES,
    TOKEN_LENGTH,
    USED_EVERY,
    Token,
    may_be_token,
    token_text,
)
from headgate.people import People

VARIABLE = "HEADGATE_TOKEN"  # of the environment, where commands look for one


def make_token(
    people: People,
    account: Account,
    name: str,
    permissions: Collection[Permission],
    *,
    by: str,
    flow: str = "",
    length: timedelta | None = None,
) -> tuple[str, Token]:
    """A new token: its text, which stands nowhere else, and what is kept. UsageError for what the account may not.

    Without a length it holds for TOKEN_LENGTH, or as long as one of the account may.
    """
    if account.disabled_at is not None:
        raise UsageError(f"{account.name} is disabled. Next: `headgate accounts enable`.")
    length = min(TOKEN_LENGTH, longest(account)) if length is None else length
    _check(account, name, permissions, flow, length)
    now, secret = people.clock(), token_text(people.random(TOKEN_BYTES))
    token = Token(
        id=f"t-{people.random(8).hex()}",
        account=account.id,
        sha256=secret_id(secret),
        name=name,
        permissions=tuple(sorted(set(permissions))),
        flow=flow,
        made_at=now,
        expires_at=now + length,
    )
    people.accounts.add_token(token, by=by)
    return secret, token


def account_of_token(people: People, secret: str) -> tuple[Account, Token] | None:
    """Who a token speaks for, read anew each time; None where it is unknown, has expired, or its account is disabled.

    The account comes with the grants that count through this token: what it holds now, and the token names. Ask them
    for permissions (`may`), not for roles.
    """
    token = people.accounts.token(secret_id(secret)) if may_be_token(secret) else None
    if token is None:
        return None
    now = people.clock()
    (account,) = people.accounts.accounts(ids=[token.account])
    if token.expires_at <= now or account.disabled_at is not None:
        fields = {"account": account.id, "token": token.id}
        people.accounts.tell(Event(type="token_refused", fields=fields), at=now)
        return None
    if token.used_at is None or now - token.used_at >= USED_EVERY:
        people.accounts.touch_token(token.id, used_at=now)
    return replace(account, grants=narrowed(account.grants, token.permissions, token.flow)), token


def revoke_token(people: People, account: Account, id_: str, *, by: str) -> None:
    """End a token at once; NotFoundError where the account has none of that id."""
    if not people.accounts.end_tokens(account.id, [id_], at=people.clock(), by=by):
        raise NotFoundError(
            f"{account.name} has no token {id_[:40]!r}. Next: `headgate accounts tokens {account.name}`."
        )


def longest(account: Account) -> timedelta:
    """How long a token of the account may hold: where a provider says who it is, that word must not grow old."""
    return LONGEST_PROVIDED_TOKEN if account.issuer else LONGEST_TOKEN


def _check(account: Account, name: str, permissions: Collection[Permission], flow: str, length: timedelta) -> None:
    if not 1 <= len(name) <= MOST_NAME or not name.isprintable() or name != name.strip():
        raise UsageError(f"A token has a name of 1 to {MOST_NAME} signs, by which you know it again.")
    most = longest(account)
    if not timedelta() < length <= most:
        raise UsageError(f"A token of {account.name} holds for 1 to {most.days} days.")
    if not permissions:
        raise UsageError(f"A token must say what it may. {_told(account)}")
    lacking = sorted({one for one in permissions if not may(account.grants, one, flow or None)})
    if lacking:
        where = f" in {flow}" if flow else ""
        raise UsageError(f"{account.name} may not {', '.join(lacking)}{where} itself. {_told(account)}")


def _told(account: Account) -> str:
    own = own_permissions(account)
    return f"Next: choose of {', '.join(own)}." if own else f"{account.name} has no role. Next: give it one."


def own_permissions(account: Account) -> tuple[Permission, ...]:
    """What the account may in some flow: what a token of it can name."""
    return tuple(one for one in Permission if may(account.grants, one))


def own_flows(account: Account, flows: Collection[str]) -> tuple[str, ...]:
    """Those of the flows in which the account may do anything."""
    return tuple(flow for flow in flows if any(flows_for(account.grants, one, [flow]) for one in Permission))

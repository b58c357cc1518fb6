"""Accounts that a comment names by `@name`: who of them is told, and who will not see it."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from headgate.core.accounts import Account
from headgate.core.roles import Permission, may

MENTION = re.compile(r"(?<![\w@.-])(@[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?)")
"""One group, so that `split` gives texts and mentions in turn; the @ within an e-mail address is none."""


class Mentions(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a text names."""

    accounts: tuple[Account, ...]  # who will see it
    unseen: tuple[str, ...]  # names that will not: the same for an account that there is not and one without a role


def mentions_in(text: str, accounts: Iterable[Account], *, flow: str) -> Mentions:
    """Who of the accounts is named and may see the flow.

    No other account is told from one that there is not: a comment finds out nothing.
    """
    names = tuple(dict.fromkeys(found[1:] for found in MENTION.findall(text)))
    seeing = {one.name: one for one in accounts if one.disabled_at is None and may(one.grants, Permission.SEE, flow)}
    return Mentions(
        accounts=tuple(seeing[name] for name in names if name in seeing),
        unseen=tuple(name for name in names if name not in seeing),
    )


def unseen_words(unseen: tuple[str, ...], flow: str) -> str:
    """Who will not see a comment, for who wrote it; empty for nobody."""
    if not unseen:
        return ""
    names = ", ".join(f"@{name}" for name in unseen)
    return f"{names} will not see this: no account of that name may see flow {flow}."

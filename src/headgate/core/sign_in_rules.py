"""What a project asks of those who sign in: `[sign_in]` of headgate.toml."""

from __future__ import annotations

from pathlib import Path

import msgspec

from headgate.core.accounts import MOST_SESSIONS, Account
from headgate.core.roles import Role

CALLS_PER_MINUTE = 600


class SignInRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of a project; without any these."""

    second_factor: frozenset[Role] = frozenset()  # whose accounts must have one
    sessions: int = MOST_SESSIONS  # of one account
    calls_per_minute: int = CALLS_PER_MINUTE  # of one account, in all its browsers and programs
    refused_words: tuple[str, ...] = ()  # that no password may hold
    refused_passwords: Path | None = None  # SHA-1 in hex by line, sorted

    def asks(self, account: Account) -> bool:
        """Whether a role of the account asks for a second factor. Those of a provider are the provider's."""
        return not account.issuer and any(grant.role in self.second_factor for grant in account.grants)

    def lacks_factor(self, account: Account) -> bool:
        """Whether the account must set one up before it may do anything else."""
        return self.asks(account) and not account.second_factor

"""The second factor of an account: setting it up, asking for it, and taking it off."""

from __future__ import annotations

from headgate.core.accounts import Account, secret_id
from headgate.core.errors import UsageError
from headgate.core.totp import (
    RECOVERY_BYTES,
    RECOVERY_CODES,
    SECRET_BYTES,
    Factor,
    recovery_plain,
    recovery_text,
    step_of,
)
from headgate.people import People, must_wait

MOST_CODE = 40  # signs


def new_secret(people: People) -> bytes:
    """A secret for an authenticator; it counts once a code of it was shown."""
    return people.random(SECRET_BYTES)


def turn_on(people: People, account: Account, secret: bytes, code: str, *, keep: str) -> list[str] | None:
    """Ask for codes of that secret from now on, and end all sessions but `keep`; the recovery codes, shown this once.

    None where the code is none of it.
    """
    if account.issuer:
        raise UsageError(f"{account.name} signs in by {account.issuer}: its second factor is that provider's.")
    now = people.clock()
    step = step_of(secret, code[:MOST_CODE], now)
    if step is None:
        return None
    texts = [recovery_text(people.random(RECOVERY_BYTES)) for _ in range(RECOVERY_CODES)]
    factor = Factor(account=account.id, secret=secret, made_at=now, step=step)
    people.accounts.add_factor(factor, [secret_id(text) for text in texts], by=account.id)
    others = [session.id for session in people.accounts.sessions(account.id) if session.id != keep]
    people.accounts.end_sessions(others, at=now, by=account.id)
    return texts


def code_fits(people: People, account: Account, code: str) -> bool:
    """Whether it is a code of the account, or a recovery code, that was not used before; a wrong one counts as a try.

    False without looking while the account waits.
    """
    now, factor = people.clock(), people.accounts.factor(account.id)
    if factor is None or must_wait(people, account) or account.disabled_at is not None:
        return False
    step = step_of(factor.secret, code[:MOST_CODE], now)
    if step is not None and people.accounts.use_step(account.id, step):
        return True
    if people.accounts.use_recovery(account.id, secret_id(recovery_plain(code[:MOST_CODE])), at=now):
        return True
    people.accounts.count_failure(account.id, at=now)
    return False


def take_off(people: People, account: Account, *, by: str) -> bool:
    """Ask for no code any more, and forget the recovery codes; False where none was asked for."""
    return people.accounts.drop_factor(account.id, at=people.clock(), by=by)

"""The second factor of an account: setting it up, asking for it, and taking it off."""

from __future__ import annotations

from headgate.core.accounts import Account, secret_id
from headgate.core.errors import ConfigurationError, UsageError
from headgate.core.sealing import seal, unseal
from headgate.core.totp import (
    RECOVERY_BYTES,
    RECOVERY_CODES,
    SECRET_BYTES,
    Factor,
    recovery_plain,
    recovery_text,
    step_of,
)
from headgate.people import People, tell_refused

MOST_CODE = 40  # signs
SEALING = "second-factors"  # name of the project's secret under which those of authenticators are sealed


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
    sealed = seal(_sealing(people), secret, context=account.id, random=people.random)
    factor = Factor(account=account.id, secret=sealed, made_at=now, step=step)
    people.accounts.add_factor(factor, [secret_id(text) for text in texts], by=account.id)
    others = [session.id for session in people.accounts.sessions(account.id) if session.id != keep]
    people.accounts.end_sessions(others, at=now, by=account.id)
    return texts


def code_fits(people: People, account: Account, code: str) -> bool:
    """Whether it is a code of the account, or a recovery code, that was not used before; a wrong one counts as a try.

    False without looking while the account waits, by what the database says now.
    """
    now, factor = people.clock(), people.accounts.factor(account.id)
    (standing,) = people.accounts.accounts(ids=[account.id])
    if factor is None or standing.disabled_at is not None:
        return False
    secret = _opened(people, factor)
    tries = people.accounts.count_try(account.id, at=now)
    if tries is None:
        return False
    step = step_of(secret, code[:MOST_CODE], now)
    fits = step is not None and people.accounts.use_step(account.id, step)
    if fits or people.accounts.use_recovery(account.id, secret_id(recovery_plain(code[:MOST_CODE])), at=now):
        people.accounts.forgive_try(account.id, tries)
        return True
    tell_refused(people, account, tries)
    return False


def take_off(people: People, account: Account, *, by: str) -> bool:
    """Ask for no code any more, and forget the recovery codes; False where none was asked for."""
    return people.accounts.drop_factor(account.id, at=people.clock(), by=by)


def _sealing(people: People) -> str:
    if people.secrets is None:
        raise ConfigurationError("Second factors need the project's secrets, and there are none here.")
    return people.secrets.own(SEALING)


def _opened(people: People, factor: Factor) -> bytes:
    try:
        return unseal(_sealing(people), factor.secret, context=factor.account)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"The second factor of {factor.account} does not open with the secret {SEALING!r}. Next: put back the copy "
            "of keys/, or `headgate accounts totp NAME --off`."
        ) from error

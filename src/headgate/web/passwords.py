"""Passwords by argon2id, as its library recommends (RFC 9106, low memory); and which nobody may have."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

from headgate.core.errors import TransientError
from headgate.web.common_passwords import is_common
from headgate.web.refused_passwords import RefusedPasswords

AT_ONCE = 4
PATIENCE_S = 5.0  # no longer: who waits holds a thread that answers other pages
PRODUCT = "headgate"
LEAST_WORD = 4  # signs: a shorter one stands in too many good passwords
_MEANT = str.maketrans("@013457$!|", "aoieastsil")
_HASHER = PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)


class Argon2Passwords:
    """What is kept of a password is its argon2id hash, with the salt and the parameters in it."""

    def __init__(
        self,
        words: Collection[str] = (),
        refused: RefusedPasswords | None = None,
        *,
        at_once: int = AT_ONCE,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """`words` may stand in no password, `refused` are passwords that nobody may have: beside those that ship.

        So many are hashed at once, since each takes 64 MiB. Who has waited for `patience_s` gets TransientError.
        """
        self._hashing = BoundedSemaphore(at_once)
        self._patience_s = patience_s
        self._words = {PRODUCT, *words}
        self._refused = refused
        self._nobody = _HASHER.hash("nobody has this password")

    def kept(self, password: str) -> str:
        """What is kept of a password."""
        with self._turn():
            return _HASHER.hash(password)

    def fits(self, kept: str, password: str) -> bool:
        """Whether it is the password of which that was kept; takes as long where nothing was."""
        try:
            with self._turn():
                right = _HASHER.verify(kept or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return right and bool(kept)

    def refusal(self, password: str, name: str) -> str | None:
        """Why an account of that name may not have the password; None where it may."""
        plain = _plain(password)
        for word in sorted({name, *self._words}):
            if len(_plain(word)) >= LEAST_WORD and _plain(word) in plain:
                return f"A password may not hold {word!r}, which others guess first. Next: choose one without it."
        if is_common(password) or (self._refused is not None and self._refused.holds(password)):
            return "This password is one that many people have, or that was stolen somewhere. Next: choose another one."
        return None

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._hashing.acquire(timeout=self._patience_s):
            raise TransientError("Too many passwords are looked at just now. Next: try again in a few seconds.")
        try:
            yield
        finally:
            self._hashing.release()


def _plain(text: str) -> str:
    """Letters and digits alone, in lower case, with the signs that people write for letters read as those.

    >>> _plain("H3ad-G@te")
    'headgate'
    """
    return "".join(sign for sign in text.casefold().translate(_MEANT) if sign.isalnum())

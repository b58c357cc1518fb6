"""Passwords by argon2id, with the parameters that its library recommends (RFC 9106, low memory)."""

from __future__ import annotations

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

_HASHER = PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)


class Argon2Passwords:
    """What is kept of a password is its argon2id hash, with the salt and the parameters in it."""

    def __init__(self) -> None:
        self._nobody = _HASHER.hash("nobody has this password")

    def kept(self, password: str) -> str:
        """What is kept of a password."""
        return _HASHER.hash(password)

    def fits(self, kept: str, password: str) -> bool:
        """Whether it is the password of which that was kept; takes as long where nothing was."""
        try:
            right = _HASHER.verify(kept or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return right and bool(kept)

"""The project's signing key behind the Secrets port."""

from __future__ import annotations

from headgate.core.ports import Secrets
from headgate.core.signing_keys import PublicKey, parse_public_key


def public_keys(secrets: Secrets) -> list[PublicKey]:
    """All public keys of the project, oldest first."""
    return [parse_public_key(f"{key['name']}+{key['id']}+{key['base64']}") for key in secrets.public_keys()]


class PortSigner:
    """Signs with the key in force; the key itself stays behind the port."""

    def __init__(self, secrets: Secrets) -> None:
        """Learn the key in force: the newest."""
        self._secrets = secrets
        self._public = public_keys(secrets)[-1]

    @property
    def name(self) -> str:
        """As in the public key."""
        return self._public.name

    def public(self) -> PublicKey:
        """The key that verifies."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._secrets.sign(message)[1]

"""Secrets from environment variables, as containers and CI get them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from headgate.adapters.public_keys import describe, in_force, read_keys
from headgate.core.errors import ConfigurationError, HeadgateError, NotFoundError, UsageError
from headgate.core.ports import Secrets
from headgate.core.signing_keys import PrivateKey, parse_private_key

PREFIX = "HEADGATE_SECRET_"
SIGNING_KEY = "SIGNING_KEY"
PUBLIC_KEYS = "HEADGATE_PUBLIC_KEYS"
"""JSON list of public keys, as `keys/public.json` has it; needed once there is more than the one that signs."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)


class EnvironmentSecrets(Secrets):
    """Secret `smtp-password` is the variable HEADGATE_SECRET_SMTP_PASSWORD.

    The signing key, HEADGATE_SECRET_SIGNING_KEY, has the text form `PRIVATE+KEY+<name>+<id>+<base64>`. The environment
    cannot be written from here, so keys are rotated where it is set.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def get(self, name: str) -> str:
        """A secret's value; NotFoundError names it and where it was looked for."""
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name[:80]!r} is no name of a secret: letters, digits, '_' and '-', a letter first.")
        variable = PREFIX + name.upper().replace("-", "_")
        value = self._environment.get(variable)
        if not value:
            raise NotFoundError(f"There is no secret {name!r}: the environment variable {variable} is not set; set it.")
        return value

    def sign(self, data: bytes) -> tuple[str, bytes]:
        """Key id and Ed25519 signature under the key in force."""
        key = self._private_key()
        return key.public().key_id.hex(), key.sign(data)

    def public_keys(self) -> list[Mapping[str, Any]]:
        """All public keys with id, name, base64 and validity; ConfigurationError where the signer is not among them."""
        own = self._private_key().public()
        text = self._environment.get(PUBLIC_KEYS)
        if not text:
            return [describe(own)]
        try:
            keys = read_keys(json.loads(text), PUBLIC_KEYS)
        except ValueError as error:
            raise ConfigurationError(
                f"{PUBLIC_KEYS} is no JSON ({error}); give the list of `keys/public.json`."
            ) from error
        if in_force(keys, PUBLIC_KEYS).label != own.label:
            raise ConfigurationError(
                f"{PUBLIC_KEYS} does not name {own.label}, the key that signs, as the one without an end; add it."
            )
        return [describe(key) for key in keys]

    def rotate(self, at: datetime) -> str:
        """Refused with UsageError: the environment is set elsewhere."""
        raise UsageError(
            f"The signing key comes from the environment and cannot be changed at {at.isoformat()} from here: set "
            f"{PREFIX}{SIGNING_KEY} to a new key, and {PUBLIC_KEYS} to all public keys, the old one with valid_until."
        )

    def _private_key(self) -> PrivateKey:
        text = self.get(SIGNING_KEY)
        try:
            return parse_private_key(text)
        except HeadgateError as error:
            # The cause could show a part of the key.
            raise ConfigurationError(f"{PREFIX}{SIGNING_KEY} is no private key: {error}") from None

"""Bytes that only who has a project's secret can read: AES-256-GCM under a key that HKDF (RFC 5869) makes of it."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from headgate.core.errors import ConfigurationError

_NONCE_BYTES = 12
_KEY_BYTES = 32


def seal(secret: str, plain: bytes, *, context: str, random: Callable[[int], bytes]) -> bytes:
    """Nonce and ciphertext; only the same secret and the same context open it."""
    nonce = random(_NONCE_BYTES)
    return nonce + _cipher(secret).encrypt(nonce, plain, context.encode())


def unseal(secret: str, sealed: bytes, *, context: str) -> bytes:
    """What was sealed; ConfigurationError where the secret or the context is another, or the bytes were changed."""
    try:
        return _cipher(secret).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context.encode())
    except (InvalidTag, ValueError) as error:
        raise ConfigurationError("What was sealed does not open: the secret is another, or it was changed.") from error


def _cipher(secret: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), _KEY_BYTES, salt=None, info=b"headgate sealing").derive(secret.encode()))

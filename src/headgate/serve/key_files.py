"""Public keys from a file: public.json as Headgate writes it, or verifier keys, one a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from headgate.core.errors import ConfigurationError, HeadgateError
from headgate.core.signing_keys import PublicKey, parse_public_key


def read_key_file(path: Path) -> list[PublicKey]:
    """The keys of a file; ConfigurationError says what it is instead."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read as a file of public keys: {error}") from error
    try:
        keys = list(_listed(json.loads(text)) if text.lstrip().startswith("[") else _lines(text))
    except (KeyError, TypeError, ValueError, AttributeError, HeadgateError) as error:
        raise ConfigurationError(f"{path} is no list of public keys: {error}") from error
    if not keys:
        raise ConfigurationError(f"{path} holds no public key. Next: ask the sender of the receipt for public.json.")
    return keys


def keys_of(entries: Sequence[Mapping[str, Any]]) -> list[PublicKey]:
    """The keys as the port of secrets tells them."""
    return list(_listed(list(entries)))


def _listed(entries: list[Mapping[str, Any]]) -> Iterator[PublicKey]:
    for entry in entries:
        yield parse_public_key(
            f"{entry['name']}+{entry['id']}+{entry['base64']}",
            valid_from=_moment(entry.get("valid_from")),
            valid_until=_moment(entry.get("valid_until")),
        )


def _lines(text: str) -> Iterator[PublicKey]:
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            yield parse_public_key(line.strip())


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)

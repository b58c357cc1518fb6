"""Public keys as JSON: `{"id", "name", "base64", "valid_from", "valid_until"}`, oldest first.

`<name>+<id>+<base64>` is the verifier key that Go's sumdb/note and C2SP's signed-note read. Times are RFC 3339 or null;
the key that signs now is the one without an end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from headgate.core.errors import ConfigurationError, HeadgateError
from headgate.core.signing_keys import PublicKey, parse_public_key


def describe(key: PublicKey) -> dict[str, Any]:
    """The JSON object of a key."""
    name, key_id, encoded = key.to_text().split("+", 2)
    return {
        "id": key_id,
        "name": name,
        "base64": encoded,
        "valid_from": _time_text(key.valid_from),
        "valid_until": _time_text(key.valid_until),
    }


def read_keys(described: Any, where: str) -> list[PublicKey]:  # noqa: ANN401  JSON
    """The keys of such a list; ConfigurationError, naming `where`, if it is anything else."""
    try:
        return [_read_key(entry) for entry in described]
    except (KeyError, TypeError, ValueError, AttributeError, HeadgateError) as error:
        raise ConfigurationError(
            f"{where} is no list of public keys ({type(error).__name__}: {error}); put back the last copy of it, every "
            "receipt and checkpoint under an older key is verified with it."
        ) from error


def in_force(keys: Sequence[PublicKey], where: str) -> PublicKey:
    """The key without an end; ConfigurationError unless there is exactly one."""
    current = [key for key in keys if key.valid_until is None]
    if len(current) != 1:
        raise ConfigurationError(f"{where} has {len(current)} keys without valid_until; exactly one signs.")
    return current[0]


def _read_key(entry: Mapping[str, Any]) -> PublicKey:
    return parse_public_key(
        f"{entry['name']}+{entry['id']}+{entry['base64']}",
        valid_from=_time(entry["valid_from"]),
        valid_until=_time(entry["valid_until"]),
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _time_text(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

"""What a project lets its senders use: the section `[uploads]` of headgate.toml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from headgate.core.errors import ConfigurationError
from headgate.uploads.records import GIBIBYTE, Limits

PLACE = "{file}"  # in the scan's command: where the file lies

_SIZE = re.compile(r"(\d{1,12})\s*(B|KiB|MiB|GiB|TiB)")
_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": GIBIBYTE, "TiB": GIBIBYTE << 10}
_SIZES = {"file": "upload_bytes", "open_size": "owner_bytes", "stored": "stored_bytes"}
KNOWN = (*_SIZES, "day", "open", "keep_h", "slowest", "scan", "scan_timeout_s")


class UploadPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the store, those that outlive an upload, and the scan of whole files."""

    limits: Limits = Limits()
    day_bytes: int = 1024 * GIBIBYTE  # of one account or link in 24 hours
    scan: tuple[str, ...] = ()  # a command and its arguments; none: no scan
    scan_timeout_s: float = 300.0


def read_policy(section: object, place: object) -> UploadPolicy:
    """The section as it is written; ConfigurationError names what does not fit."""
    if not isinstance(section, Mapping):
        raise ConfigurationError(f"{place}: [uploads] is {section!r}, no section.")
    for name in section:
        if name not in KNOWN:
            known = ", ".join(sorted(KNOWN))
            raise ConfigurationError(f"{place}: {name!r} is no setting of [uploads]. Known are {known}.")
    limits: dict[str, Any] = {
        _SIZES[name]: size_bytes(section[name], name, place) for name in _SIZES if name in section
    }
    if "open" in section:
        limits["owner_open"] = int(_number(section["open"], "open", place))
    if "keep_h" in section:
        limits["idle_s"] = 3600.0 * _number(section["keep_h"], "keep_h", place)
    if "slowest" in section:
        limits["least_bytes_per_s"] = size_bytes(section["slowest"], "slowest", place)
    return UploadPolicy(
        limits=Limits(**limits),
        day_bytes=size_bytes(section.get("day", "1 TiB"), "day", place),
        scan=_command(section.get("scan", []), place),
        scan_timeout_s=_number(section.get("scan_timeout_s", 300), "scan_timeout_s", place),
    )


def size_bytes(value: object, name: str, place: object) -> int:
    """`2 GiB` -> 2147483648; ConfigurationError for what is no size.

    >>> size_bytes("2 GiB", "file", "headgate.toml")
    2147483648
    """
    found = _SIZE.fullmatch(str(value).strip())
    if found is None:
        raise ConfigurationError(f'{place}: {name} is {value!r}; write a size such as "2 GiB".')
    return int(found[1]) * _UNITS[found[2]]


def _number(value: object, name: str, place: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ConfigurationError(f"{place}: {name} is {value!r}, no number above 0.")
    return float(value)


def _command(value: object, place: object) -> tuple[str, ...]:
    """The words of the command; none of them is ever read by a shell."""
    words = value if isinstance(value, list) and all(isinstance(word, str) for word in value) else None
    if words is None or (words and PLACE not in " ".join(words)):
        raise ConfigurationError(
            f"{place}: scan is {value!r}; write a list of words with {PLACE} in it, such as "
            f'["clamdscan", "--fdpass", "--no-summary", "{PLACE}"].'
        )
    return tuple(words)

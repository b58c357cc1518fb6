"""The `Upload-Metadata` header, read strictly: what a sender writes there is data, and text that can be shown."""

from __future__ import annotations

import re
import unicodedata

from headgate.core.base64_text import decode_base64
from headgate.core.errors import UploadRefusedError
from headgate.uploads.refusals import Refusal

MOST_HEADER_BYTES = 8192
MOST_NAME_BYTES = 255  # what file systems take
NAMES = ("filename", "name")  # tuspy and tus-js-client say the first, some browsers' widgets the second
_KEY = re.compile(r"[!-+\--~]{1,64}")  # visible ASCII without the comma
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
# Control characters break lines of logs and headers; those that turn the direction of writing make a name look like
# another one.
_REFUSED_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def parse_metadata(header: str) -> dict[str, str]:
    """Keys and values of the header; UploadRefusedError where it is not what the protocol says, or a name is none.

    >>> parse_metadata("filename c2FsZXMuY3N2,confidential")
    {'filename': 'sales.csv', 'confidential': ''}
    """
    if len(header) > MOST_HEADER_BYTES:
        raise _refused(f"Upload-Metadata has {len(header)} bytes, more than {MOST_HEADER_BYTES}.")
    found: dict[str, str] = {}
    for pair in header.split(",") if header.strip() else []:
        key, value = _parse_pair(pair.strip(" "))
        if key in found:
            raise _refused(f"Upload-Metadata has the key {key!r} twice.")
        found[key] = value
    for key in NAMES:
        if key in found:
            _check_name(key, found[key])
    return found


def claimed_sha256(metadata: dict[str, str]) -> str | None:
    """The digest that the sender claims for the whole file, in lower case."""
    claimed = metadata.get("sha256")
    if claimed is None:
        return None
    if not _SHA256.fullmatch(claimed):
        raise _refused(f"The metadata's sha256 is {claimed[:80]!r}, not 64 hexadecimal digits.")
    return claimed.lower()


def _parse_pair(pair: str) -> tuple[str, str]:
    key, _, encoded = pair.partition(" ")
    if not _KEY.fullmatch(key):
        raise _refused(f"Upload-Metadata has the key {key[:80]!r}; a key is 1 to 64 visible ASCII characters.")
    try:
        value = decode_base64(encoded).decode()
    except UnicodeDecodeError as error:
        raise _refused(f"The value of {key!r} in Upload-Metadata is no UTF-8.") from error
    except ValueError as error:
        raise _refused(f"The value of {key!r} in Upload-Metadata: {error}.") from error
    if character := next((one for one in value if _hostile(one)), None):
        raise _refused(f"The value of {key!r} in Upload-Metadata has the character U+{ord(character):04X}.")
    return key, value


def _hostile(character: str) -> bool:
    return unicodedata.category(character) in _REFUSED_CATEGORIES or character in _TURNING


def _check_name(key: str, name: str) -> None:
    if len(name.encode()) > MOST_NAME_BYTES:
        raise _no_name(f"The {key} has {len(name.encode())} bytes, more than {MOST_NAME_BYTES}.")
    if not name.strip() or name in {".", ".."} or "/" in name or "\\" in name:
        raise _no_name(f"The {key} {name[:80]!r} is no file's name: it is empty, dots alone, or has a slash.")


def _refused(message: str) -> UploadRefusedError:
    return UploadRefusedError(
        Refusal.METADATA, message, "Send unique keys, each with a space and the base64 of UTF-8 text."
    )


def _no_name(message: str) -> UploadRefusedError:
    return UploadRefusedError(Refusal.NAME, message, "Send the file's name alone, without folders.")

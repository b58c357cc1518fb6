"""Passwords that a project refuses besides: those of a sorted file of hashes, as breached ones are given out."""

from __future__ import annotations

import hashlib
import re
from io import SEEK_END
from pathlib import Path
from typing import BinaryIO

from headgate.core.errors import ConfigurationError

_SHA1_DIGITS = 40
_MOST_LINE = 200  # bytes
_LINE = re.compile(rb"[0-9A-Fa-f]{40}(?::\d+)?\r?\n?")


class RefusedPasswords:
    """A file with a SHA-1 in hex on each line, sorted, and a count behind a colon or none ("Pwned Passwords").

    A search halves the file, so it reads about forty lines of any file and keeps nothing.
    """

    def __init__(self, place: Path) -> None:
        """ConfigurationError where its first and last lines are not of this form, or not in order."""
        self._place = place
        with place.open("rb") as file:
            size = file.seek(0, SEEK_END)
            if size and self._line_at(file, 0)[1][:_SHA1_DIGITS] > self._line_at(file, size - 1)[1][:_SHA1_DIGITS]:
                raise ConfigurationError(f"{place} is not sorted. Next: sort it, as by `LC_ALL=C sort`.")

    def holds(self, password: str) -> bool:
        """Whether the password is one of them, exactly as it is written."""
        sought = hashlib.sha1(password.encode(errors="surrogatepass"), usedforsecurity=False).hexdigest().upper()
        with self._place.open("rb") as file:
            low, high = 0, file.seek(0, SEEK_END)
            while low < high:
                start, line = self._line_at(file, (low + high) // 2)
                found = line[:_SHA1_DIGITS].decode().upper()
                if found == sought:
                    return True
                if found < sought:
                    low = start + len(line)
                else:
                    high = start
        return False

    def _line_at(self, file: BinaryIO, place: int) -> tuple[int, bytes]:
        """Where the line begins in which that byte stands, and the line with its end."""
        before = max(0, place - _MOST_LINE)
        file.seek(before)
        start = before + file.read(place - before).rfind(b"\n") + 1
        file.seek(start)
        line = file.readline(_MOST_LINE)
        if not _LINE.fullmatch(line):
            raise ConfigurationError(
                f"{self._place}: at byte {start:,} stands no SHA-1 in hex. "
                "Next: give a file of lines such as HASH:COUNT, sorted by hash."
            )
        return start, line

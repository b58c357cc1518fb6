"""Makes the list of common passwords that ships, from a text file with one a line, the most common first.

python -m tests.harness.common_passwords 10-million-password-list-top-1000000.txt
"""

from __future__ import annotations

import sys
from pathlib import Path

from headgate.people import LEAST_PASSWORD
from headgate.web.common_passwords import LIST, digest_of


def made_of(place: Path) -> bytes:
    """The list of those that are long enough to be set at all."""
    with place.open(encoding="utf-8", errors="replace") as lines:
        long_enough = {line.rstrip("\r\n") for line in lines if len(line.rstrip("\r\n")) >= LEAST_PASSWORD}
    return b"".join(sorted({digest_of(password) for password in long_enough}))


if __name__ == "__main__":
    made = made_of(Path(sys.argv[1]))
    Path(LIST).write_bytes(made)
    sys.stdout.write(f"{LIST}: {len(made):,} bytes\n")

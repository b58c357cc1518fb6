"""Secrets in a folder that only its owner may read.

```
keys/
  public.json      all public keys with their validity; the one without an end signs
  <id>.key         the private key in force, text form of signed notes, mode 0600
  <name>.secret    other secrets, mode 0600: those that were put there, and those of our own that were made
```
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from headgate.adapters.public_keys import describe, in_force, read_keys
from headgate.core.errors import ConfigurationError, HeadgateError, NotFoundError, UsageError
from headgate.core.ports import Clock, Secrets
from headgate.core.replacing import replace
from headgate.core.signing_keys import KEY_BYTES, PrivateKey, PublicKey, parse_private_key

PUBLIC = "public.json"

_FOLDER_MODE = 0o700
_SECRET_MODE = 0o600
_OWN_BYTES = 32
_OTHERS = 0o077
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)


class FileSecrets(Secrets):
    """Secrets of one folder; it and the first signing key are made when they are first needed.

    `name` is the log's name, which its keys bear; `random` gives so many secret bytes (`secrets.token_bytes`).
    ConfigurationError where a secret can be read by others, or a file was damaged.
    """

    def __init__(self, folder: Path, *, name: str, clock: Clock, random: Callable[[int], bytes]) -> None:
        self._folder = folder
        self._name = name
        self._clock = clock
        self._random = random
        self._loaded: tuple[tuple[int, int, int], PrivateKey] | None = None

    def get(self, name: str) -> str:
        """A secret's value; NotFoundError names it and where it was looked for. A line break at its end is dropped."""
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name[:80]!r} is no name of a secret: letters, digits, '_' and '-', a letter first.")
        return self._read_secret(self._folder / f"{name}.secret").removesuffix("\n")

    def own(self, name: str) -> str:
        """The value of a secret that nobody else must know; one that is not there is made."""
        try:
            return self.get(name)
        except NotFoundError:
            with self._alone():
                place = self._folder / f"{name}.secret"
                if not place.exists():  # another process may have made it since
                    _write(place, self._random(_OWN_BYTES).hex() + "\n", mode=_SECRET_MODE)
            return self.get(name)

    def sign(self, data: bytes) -> tuple[str, bytes]:
        """Key id and Ed25519 signature under the key in force."""
        key = self._private_key()
        return key.public().key_id.hex(), key.sign(data)

    def public_keys(self) -> list[Mapping[str, Any]]:
        """All public keys with id, name, base64 and validity, oldest first."""
        return [describe(key) for key in self._public_keys()]

    def rotate(self, at: datetime) -> str:
        """Make a new signing key; id of it. The old public key stays known, its private one is deleted."""
        with self._alone():
            keys = self._read_public() or []
            if keys:
                self._check_order(keys, at)
            new = self._add_key(keys, at)
            for old in keys:
                self._key_file(old).unlink(missing_ok=True)
        return new.key_id.hex()

    def _public_keys(self) -> list[PublicKey]:
        keys = self._read_public()
        if keys:
            return keys
        with self._alone():
            # Another process may have made it since.
            keys = self._read_public() or []
            return keys or [self._add_key([], self._clock())]

    def _private_key(self) -> PrivateKey:
        place = self._folder / PUBLIC
        if not place.exists():
            self._public_keys()  # makes the first one
        status = place.stat()
        stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
        if self._loaded is None or self._loaded[0] != stamp:
            self._loaded = (stamp, self._read_private(in_force(self._public_keys(), str(place))))
        return self._loaded[1]

    def _read_private(self, public: PublicKey) -> PrivateKey:
        place = self._key_file(public)
        try:
            private = parse_private_key(self._read_secret(place).removesuffix("\n"))
        except NotFoundError as error:
            raise ConfigurationError(
                f"The private key {place} of {public.label} is gone; put it back, or run `headgate keys rotate` to go "
                "on under a new one."
            ) from error
        except HeadgateError as error:
            raise ConfigurationError(f"{place} is no private key: {error}") from None
        if private.public().label != public.label:
            raise ConfigurationError(f"{place} holds {private.public().label}, not {public.label}; put back its copy.")
        return private

    def _add_key(self, keys: list[PublicKey], at: datetime) -> PublicKey:
        """Write a new key and then the list that names it: a kill between them leaves a file that nobody uses."""
        private = PrivateKey(name=self._name, seed=self._random(KEY_BYTES))
        public = private.public(valid_from=at)
        _write(self._key_file(public), private.to_text() + "\n", mode=_SECRET_MODE)
        ended = [key if key.valid_until else replace(key, valid_until=at) for key in keys]
        listed = json.dumps([describe(key) for key in [*ended, public]], indent=2)
        _write(self._folder / PUBLIC, listed + "\n", mode=0o644)
        return public

    def _check_order(self, keys: list[PublicKey], at: datetime) -> None:
        current = in_force(keys, str(self._folder / PUBLIC))
        if current.valid_from and at <= current.valid_from:
            raise UsageError(
                f"The key {current.label} begins at {current.valid_from.isoformat()}, so it cannot end at "
                f"{at.isoformat()}; look at the clock."
            )

    def _read_public(self) -> list[PublicKey] | None:
        place = self._folder / PUBLIC
        try:
            text = place.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        try:
            return read_keys(json.loads(text), str(place))
        except ValueError as error:
            raise ConfigurationError(f"{place} is no JSON ({error}); put back the last copy of it.") from error

    def _read_secret(self, place: Path) -> str:
        try:
            with place.open(encoding="utf-8") as stream:
                mode = os.fstat(stream.fileno()).st_mode
                if mode & _OTHERS:
                    raise ConfigurationError(
                        f"{place} has the mode {mode & 0o777:04o}, so others can read it; run `chmod 600 {place}`, and "
                        "give it a new value if others may have read it."
                    )
                return stream.read()
        except FileNotFoundError as error:
            raise NotFoundError(f"There is no secret in {place}; write it there, mode 0600.") from error

    def _key_file(self, public: PublicKey) -> Path:
        return self._folder / f"{public.key_id.hex()}.key"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the folder's lock, which ends with the process."""
        self._folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        self._folder.chmod(_FOLDER_MODE)
        lock = os.open(self._folder / ".lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, _SECRET_MODE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def _write(place: Path, text: str, *, mode: int) -> None:
    """Put a file in whole and synced; what stood there before is there until then."""
    unfinished = place.with_name(f".{place.name}.new")
    unfinished.unlink(missing_ok=True)
    file = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, mode)
    with os.fdopen(file, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(file)
    unfinished.replace(place)
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

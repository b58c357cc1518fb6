"""Ports without disk or environment, and faults on demand: for our tests and for those of flows.

The ledger and the tables have no fakes; `sqlite://` and a folder of its own are the real things.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import msgspec

from headgate.adapters.object_names import check_name
from headgate.adapters.public_keys import describe
from headgate.adapters.worker_pool import Worker, WorkerPool
from headgate.core.errors import NotFoundError, TransientError
from headgate.core.platform import Platform
from headgate.core.ports import Clock, Files, Secrets
from headgate.core.replacing import replace
from headgate.core.signing_keys import KEY_BYTES, PrivateKey, PublicKey
from headgate.pipeline import check_only

_log = logging.getLogger(__name__)


class MemoryFiles(Files):
    """Objects in a dict; threads may share it."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def put(self, name: str, chunks: Iterable[bytes]) -> bool:
        """Write an object once; False and nothing changed where the name is taken."""
        check_name(name)
        content = b"".join(chunks)
        with self._lock:
            if name in self._objects:
                return False
            self._objects[name] = content
            return True

    def adopt(self, name: str, path: str) -> bool:
        """Move a local file in under a name; False where the name is taken (the file is then removed)."""
        source = Path(path)
        adopted = self.put(name, [source.read_bytes()])
        source.unlink()
        return adopted

    def open(self, name: str) -> BinaryIO:
        """A seekable reader of the object; NotFoundError where there is none."""
        if name not in self._objects:
            raise NotFoundError(f"No object {check_name(name)!r} in memory; put it first.")
        return BytesIO(self._objects[name])

    def size(self, name: str) -> int | None:
        """Bytes of the object, or None."""
        check_name(name)
        return len(self._objects[name]) if name in self._objects else None

    def list(self, prefix: str = "") -> Iterator[str]:
        """Names that begin with the prefix, in order."""
        yield from sorted(name for name in tuple(self._objects) if name.startswith(prefix))

    def delete(self, name: str) -> None:
        """Remove an object; nothing happens where there is none."""
        self._objects.pop(check_name(name), None)


class MemorySecrets(Secrets):
    """Secrets in a dict and keys that end with the process; the same `random` gives the same keys."""

    def __init__(self, values: Mapping[str, str], *, name: str, clock: Clock, random: Callable[[int], bytes]) -> None:
        self._values = dict(values)
        self._name = name
        self._random = random
        self._keys: list[PublicKey] = []
        self._private = self._add_key(clock())

    def get(self, name: str) -> str:
        """A secret's value; NotFoundError names it and where it was looked for."""
        if name not in self._values:
            raise NotFoundError(f"There is no secret {name!r} among the values in memory; give it to the constructor.")
        return self._values[name]

    def own(self, name: str) -> str:
        """The value of a secret that nobody else must know; one that is not there is made."""
        if name not in self._values:
            self._values[name] = self._random(KEY_BYTES).hex()
        return self._values[name]

    def sign(self, data: bytes) -> tuple[str, bytes]:
        """Key id and Ed25519 signature under the key in force."""
        return self._private.public().key_id.hex(), self._private.sign(data)

    def public_keys(self) -> list[Mapping[str, Any]]:
        """All public keys with id, name, base64 and validity, oldest first."""
        return [describe(key) for key in self._keys]

    def rotate(self, at: datetime) -> str:
        """Make a new signing key; id of it."""
        self._keys[-1] = replace(self._keys[-1], valid_until=at)
        self._private = self._add_key(at)
        return self._keys[-1].key_id.hex()

    def _add_key(self, at: datetime) -> PrivateKey:
        private = PrivateKey(name=self._name, seed=self._random(KEY_BYTES))
        self._keys.append(private.public(valid_from=at))
        return private


class ThreadCompute(WorkerPool):
    """Workers as threads of this process: what a pool does, without starting an interpreter for each.

    `open_platform` gives each worker a platform of its own, which is closed with it. The engines' memory adds up: give
    each its share by `wiring.budget_of(settings, processes=…)`.
    """

    def __init__(self, open_platform: Callable[[], Platform]) -> None:
        super().__init__()
        self._open_platform = open_platform

    def _launch(self, owner: str) -> Worker:
        worker = _WorkerThread(owner, self._open_platform)
        worker.start()
        return worker


class _WorkerThread(Worker):
    def __init__(self, owner: str, open_platform: Callable[[], Platform]) -> None:
        self._owner = owner
        self._open_platform = open_platform
        self._stopped = threading.Event()
        self._sound: bool | None = None
        self._thread = threading.Thread(target=self._work, name=owner, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ended(self) -> bool | None:
        return None if self._thread.is_alive() else bool(self._sound)

    def tell_to_stop(self) -> None:
        self._stopped.set()

    def wait(self) -> None:
        self._thread.join()

    def _work(self) -> None:
        try:
            platform = replace(self._open_platform(), owner=self._owner)
            try:
                check_only(platform, stopped=self._stopped.is_set)
            finally:
                platform.close()
            self._sound = True
        except Exception:  # noqa: BLE001  the edge of a worker: whatever it died of is told, and the pool replaces it
            _log.exception("a worker died", extra={"owner": self._owner})


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What goes wrong, at one call of a port."""

    method: str  # of the port
    call: int = 1  # at the n-th call of that method
    after: bool = False  # True: it was done, but the caller never hears of it
    kill: bool = False  # True: the process dies at once, as under SIGKILL; else TransientError


Port = TypeVar("Port")


def faulty(inner: Port, *faults: Fault) -> Port:
    """The port, of the same class, whose calls go to `inner` until a fault is due; each fault strikes once."""
    kind = type(inner)
    names = [name for name in dir(kind) if not name.startswith("_") and callable(getattr(kind, name))]
    if unknown := {fault.method for fault in faults} - set(names):
        raise NotFoundError(f"{kind.__name__} has no method {min(unknown)!r}; it has {', '.join(names)}.")
    striker = _Striker(faults)
    methods = {name: _guarded(inner, name, striker) for name in names}
    return cast("Port", object.__new__(type(f"Faulty{kind.__name__}", (kind,), methods)))


class _Striker:
    """Counts the calls of all threads."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._faults = {(fault.method, fault.call): fault for fault in faults}
        self._calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def due(self, method: str) -> Fault | None:
        with self._lock:
            self._calls[method] += 1
            return self._faults.get((method, self._calls[method]))


def _guarded(inner: object, name: str, striker: _Striker) -> Callable[..., Any]:
    call = getattr(inner, name)

    def guarded(_: object, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  any method of any port
        fault = striker.due(name)
        if fault is None:
            return call(*args, **kwargs)
        if fault.after:
            call(*args, **kwargs)
        if fault.kill:
            os.kill(os.getpid(), signal.SIGKILL)
        told = "it was done" if fault.after else "nothing was done"
        raise TransientError(f"Fault at call {fault.call} of {name}, as asked for: {told}; try again.")

    return guarded

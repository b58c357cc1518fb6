"""The engines of one process, used again and again: to open one takes as long as some steps."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from headgate.adapters.duckdb_engine import DuckDBEngine


class DuckDBEngines:
    """Gives each caller an engine of its own, one that was given back where there is one. Safe in threads."""

    def __init__(
        self,
        *,
        memory_limit_bytes: int,
        threads: int,
        scratch: str,
        readable: Sequence[str],
        limit_s: float = math.inf,
    ) -> None:
        """What `DuckDBEngine` takes, and how long a statement may take; nothing is opened yet."""
        self._memory_limit_bytes, self._threads = memory_limit_bytes, threads
        self._scratch, self._readable = scratch, tuple(readable)
        self._limit_s = limit_s
        self._lock = threading.Lock()
        self._idle: dict[bool, list[DuckDBEngine]] = {True: [], False: []}
        self._coming: dict[bool, Future[DuckDBEngine]] = {}  # opened ahead and not yet asked for

    def __call__(self, *, streaming: bool = False, limit_s: float | None = None) -> DuckDBEngine:
        """An engine, with `streaming` one whose joins let the side written first stream through.

        Each of its statements may take `limit_s`, by default what all of them may.
        """
        engine = self._given(streaming=streaming)
        engine.limit_s = self._limit_s if limit_s is None else limit_s
        return engine

    def _given(self, *, streaming: bool) -> DuckDBEngine:
        with self._lock:
            if self._idle[streaming]:
                return self._idle[streaming].pop()
            coming = self._coming.pop(streaming, None)
        return self._open(streaming=streaming) if coming is None else coming.result()

    def open_ahead(self, also: Callable[[], object] | None = None) -> None:
        """Open one of each kind beside the caller, who meanwhile waits for disks, and do what else is slow at first.

        What goes wrong is told to whoever asks for the engine.
        """
        with self._lock:
            wanted = [kind for kind in (True, False) if not self._idle[kind] and kind not in self._coming]
            self._coming |= {kind: Future() for kind in wanted}
            promised = {kind: self._coming[kind] for kind in wanted}
        threading.Thread(target=self._keep_promises, args=(promised, also), name="engines", daemon=True).start()

    def close(self) -> None:
        """End all that are not in use."""
        with self._lock:
            coming, self._coming = self._coming, {}
            idle, self._idle = self._idle, {True: [], False: []}
        for promise in coming.values():
            if promise.exception() is None:
                promise.result().destroy()
        for engine in (*idle[True], *idle[False]):
            engine.destroy()

    def _keep_promises(self, promised: dict[bool, Future[DuckDBEngine]], also: Callable[[], object] | None) -> None:
        for kind, promise in promised.items():
            try:
                promise.set_result(self._open(streaming=kind))
            except Exception as error:  # noqa: BLE001  it belongs to whoever waits for the engine
                promise.set_exception(error)
        if also is not None:
            also()

    def _open(self, *, streaming: bool) -> DuckDBEngine:
        return DuckDBEngine(
            memory_limit_bytes=self._memory_limit_bytes,
            threads=self._threads,
            scratch=self._scratch,
            readable=self._readable,
            streaming=streaming,
            give_back=lambda engine: self._take_back(engine, streaming=streaming),
        )

    def _take_back(self, engine: DuckDBEngine, *, streaming: bool) -> None:
        with self._lock:
            self._idle[streaming].append(engine)

"""Counters as a function of the ledger's log: the same after a restart, and in every process that reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from itertools import accumulate
from threading import Lock

import msgspec

from headgate.core.ports import Ledger
from headgate.core.states import DeliveryState

LAG_BOUNDS_S = (1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 7_200.0, 86_400.0)
_JUDGED = frozenset({DeliveryState.PUBLISHED.value, DeliveryState.HELD.value})
_STATES = frozenset(DeliveryState)
_VERDICTS = ("accepted", "held", "rejected", "duplicate")


class _Leaf(msgspec.Struct, frozen=True):
    at: str
    type: str
    flow: str | None
    delivery: str | None
    fields: msgspec.Raw


class _Judged(msgspec.Struct, frozen=True):
    counts: Mapping[str, int] = {}


class _Refused(msgspec.Struct, frozen=True):
    code: str = ""


class Lags(msgspec.Struct, kw_only=True):
    """A histogram of seconds."""

    buckets: list[int] = msgspec.field(default_factory=lambda: [0] * (len(LAG_BOUNDS_S) + 1))  # each by itself
    sum_s: float = 0.0

    def add(self, seconds: float, bounds: tuple[float, ...] = LAG_BOUNDS_S) -> None:
        """One more."""
        self.buckets[sum(1 for bound in bounds if seconds > bound)] += 1
        self.sum_s += seconds

    def cumulative(self, bounds: tuple[float, ...] = LAG_BOUNDS_S) -> list[tuple[str, float]]:
        """Upper bound and how many were up to it, as Prometheus has them."""
        names = [*(f"{bound:g}" for bound in bounds), "+Inf"]
        return list(zip(names, map(float, accumulate(self.buckets)), strict=True))


class LogFigures:
    """Reads what is new in the log at each call; several threads may ask."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lock = Lock()
        self._read = 0
        self._landed: dict[str, datetime] = {}  # of deliveries that are on their way
        self._decode = msgspec.json.Decoder(_Leaf)
        self.changes: Counter[tuple[str, str]] = Counter()  # flow, state that a delivery came to
        self.rows: Counter[tuple[str, str]] = Counter()  # flow, verdict; those of a reprocessing again
        self.refusals: Counter[tuple[str, str]] = Counter()  # flow, reason code
        self.publications: Counter[str] = Counter()  # flow
        self.lags: dict[str, Lags] = {}  # flow: from landing to published, of what no person had to let go on

    def refresh(self) -> int:
        """Read up to the log's end; its size."""
        with self._lock:
            size = self._ledger.log_size()
            for leaf in self._ledger.leaves(self._read, size):
                self._take(self._decode.decode(leaf))
            self._read = max(size, self._read)
            return self._read

    def _take(self, leaf: _Leaf) -> None:
        flow = leaf.flow or ""
        if leaf.delivery is not None and leaf.type in _STATES:
            self.changes[flow, leaf.type] += 1
            self._take_time(leaf, flow)
        if leaf.type in _JUDGED:
            counts = msgspec.json.decode(leaf.fields, type=_Judged).counts
            for verdict in _VERDICTS:
                self.rows[flow, verdict] += counts.get(verdict, 0)
        elif leaf.type == DeliveryState.REFUSED:
            self.refusals[flow, msgspec.json.decode(leaf.fields, type=_Refused).code or "unknown"] += 1
        elif leaf.type == "publication":
            self.publications[flow] += 1

    def _take_time(self, leaf: _Leaf, flow: str) -> None:
        delivery = leaf.delivery or ""
        if leaf.type == DeliveryState.LANDED:
            self._landed[delivery] = datetime.fromisoformat(leaf.at)
        elif leaf.type not in {DeliveryState.REGISTERED, DeliveryState.CHECKED, DeliveryState.PUBLISHING}:
            landed = self._landed.pop(delivery, None)
            if landed is not None and leaf.type == DeliveryState.PUBLISHED:
                waited = datetime.fromisoformat(leaf.at) - landed
                self.lags.setdefault(flow, Lags()).add(waited.total_seconds())

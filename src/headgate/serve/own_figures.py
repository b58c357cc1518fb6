"""What this process did since it started: counters and durations kept in memory, and told on to whoever else hears."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from threading import Lock

from headgate.core.telemetry import Attribute, Attributes, DeliveryPlace, Kind, Span, Telemetry
from headgate.serve.log_figures import Lags

BOUNDS_S = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0, 300.0)
Labels = tuple[tuple[str, Attribute], ...]


class OwnFigures(Telemetry):
    """Counts, and passes everything on."""

    def __init__(self, inner: Telemetry) -> None:
        self._inner = inner
        self._lock = Lock()
        self._counts: Counter[tuple[str, Labels]] = Counter()
        self._durations: dict[tuple[str, Labels], Lags] = {}

    def counts(self, name: str) -> list[tuple[dict[str, str], int]]:
        """Labels and figure of a counter."""
        with self._lock:
            return [(_texts(labels), amount) for (known, labels), amount in self._counts.items() if known == name]

    def durations(self, name: str) -> list[tuple[dict[str, str], list[tuple[str, float]], float]]:
        """Labels, cumulative buckets and sum of a histogram of seconds."""
        with self._lock:
            return [
                (_texts(labels), lags.cumulative(BOUNDS_S), lags.sum_s)
                for (known, labels), lags in self._durations.items()
                if known == name
            ]

    def span(
        self, name: str, attributes: Attributes, *, kind: Kind = "internal", parent: str = ""
    ) -> AbstractContextManager[Span]:
        """As whoever else hears has it."""
        return self._inner.span(name, attributes, kind=kind, parent=parent)

    def delivery(self, place: DeliveryPlace, attributes: Attributes) -> None:
        """Passed on."""
        self._inner.delivery(place, attributes)

    def link(self, places: Sequence[DeliveryPlace]) -> None:
        """Passed on."""
        self._inner.link(places)

    def count(self, name: str, amount: int, attributes: Attributes) -> None:
        """So many more of something."""
        with self._lock:
            self._counts[name, tuple(attributes.items())] += amount
        self._inner.count(name, amount, attributes)

    def seconds(self, name: str, value: float, attributes: Attributes) -> None:
        """Something took so long."""
        with self._lock:
            self._durations.setdefault((name, tuple(attributes.items())), Lags()).add(value, BOUNDS_S)
        self._inner.seconds(name, value, attributes)

    def close(self) -> None:
        """Passed on."""
        self._inner.close()


def _texts(labels: Labels) -> dict[str, str]:
    return {name: str(value) for name, value in labels}

"""Figures as Prometheus reads them: how things stand and what the log counts, by the ledger; what this process did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import msgspec
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from headgate.core.observed import ERRORS, STEP_SECONDS
from headgate.core.ports import DeliveryFilter
from headgate.serve.log_figures import LogFigures
from headgate.serve.own_figures import OwnFigures
from headgate.serve.status import AT_WORK
from headgate.web.site import Site

REQUEST_SECONDS = "http.server.request.duration"
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def make_registry(site: Site) -> CollectorRegistry:
    """All figures of a site, read anew at each look."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Figures(site))
    ProcessCollector(registry=registry)
    return registry


def metrics_text(registry: CollectorRegistry) -> bytes:
    """The text form, version 0.0.4."""
    return generate_latest(registry)


class Figures(Collector):
    """Headgate's own figures. No label holds a name of a file, of a person, or a value."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._log = LogFigures(site.platform.ledger)

    def describe(self) -> Iterable[Metric]:
        """Nothing: so that registering asks the ledger for nothing."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Every family."""
        yield from self._of_the_log()
        yield from self._as_it_stands()
        yield from self._of_evidence()
        yield from self._of_uploads()
        if isinstance(self._site.platform.telemetry, OwnFigures):
            yield from _of_this_process(self._site.platform.telemetry)

    def _of_the_log(self) -> Iterator[Metric]:
        log = self._log
        size = log.refresh()
        yield CounterMetricFamily("headgate_log_events", "Events in the ledger's log.", size)
        yield _counter(
            "headgate_delivery_changes", "Times that a delivery came to a state.", ("flow", "state"), log.changes
        )
        yield _counter("headgate_rows", "Rows judged; those of a reprocessing again.", ("flow", "verdict"), log.rows)
        yield _counter("headgate_refusals", "Deliveries that were not taken.", ("flow", "code"), log.refusals)
        publications = {(flow,): count for flow, count in log.publications.items()}
        yield _counter("headgate_publications", "Publications of a flow.", ("flow",), publications)
        told = "Seconds from landing to published, of deliveries that no person had to let go on."
        lags = HistogramMetricFamily("headgate_publish_lag_seconds", told, labels=["flow"])
        for flow, seconds in log.lags.items():
            lags.add_metric([flow], seconds.cumulative(), seconds.sum_s)
        yield lags

    def _as_it_stands(self) -> Iterator[Metric]:
        platform, now = self._site.platform, self._site.people.clock()
        tally = platform.ledger.tally()
        states = GaugeMetricFamily("headgate_deliveries", "Deliveries as they stand.", labels=["flow", "state"])
        for (flow, state), count in tally.items():
            states.add_metric([flow or "", state.value], count)
        yield states
        backlog = {(flow, state): count for (flow, state), count in tally.items() if state in AT_WORK}
        on_the_way = GaugeMetricFamily("headgate_backlog_deliveries", "Landed, not archived yet.", labels=["flow"])
        oldest = GaugeMetricFamily("headgate_oldest_waiting_seconds", "Age of the oldest of these.", labels=["flow"])
        for name in platform.flows:
            on_the_way.add_metric([name], sum(count for (flow, _), count in backlog.items() if flow == name))
            first = platform.ledger.deliveries(DeliveryFilter(flow=name, states=AT_WORK, limit=1))
            oldest.add_metric([name], _age_s(first[0].landed_at, now) if first else 0.0)
        yield from (on_the_way, oldest)
        rows = GaugeMetricFamily("headgate_rows_held", "Rows that wait for a person.", labels=["flow"])
        held = GaugeMetricFamily("headgate_oldest_held_seconds", "Since the oldest of these landed.", labels=["flow"])
        holdings = {one.flow: one for one in platform.ledger.holdings()}
        for name in platform.flows:
            one = holdings.get(name)
            rows.add_metric([name], one.rows if one else 0)
            held.add_metric([name], _age_s(one.since, now) if one else 0.0)
        yield from (rows, held)

    def _of_evidence(self) -> Iterator[Metric]:
        platform = self._site.platform
        size, anchored = platform.ledger.log_size(), platform.anchor.last_size()
        told = "Events that no anchored checkpoint covers."
        yield GaugeMetricFamily("headgate_log_unanchored_events", told, max(size - anchored, 0))
        yield GaugeMetricFamily(
            "headgate_log_unanchored_seconds", "Age of the oldest of these; 0 for none.", self._age_of_leaf(anchored)
        )
        yield GaugeMetricFamily(
            "headgate_checkpoint_seconds",
            "Age of the newest event that an anchored checkpoint covers.",
            self._age_of_leaf(anchored - 1),
        )

    def _age_of_leaf(self, index: int) -> float:
        platform = self._site.platform
        leaf = next(iter(platform.ledger.leaves(index, index + 1)), None) if index >= 0 else None
        if leaf is None:
            return 0.0
        return _age_s(datetime.fromisoformat(msgspec.json.decode(leaf, type=_At).at), self._site.people.clock())

    def _of_uploads(self) -> Iterator[Metric]:
        count, size_bytes = self._site.uploads.open_now()
        yield GaugeMetricFamily("headgate_uploads_open", "Uploads that are not taken yet.", count)
        yield GaugeMetricFamily("headgate_uploads_open_bytes", "Bytes of these that came.", size_bytes)


class _At(msgspec.Struct):
    at: str


def _of_this_process(own: OwnFigures) -> Iterator[Metric]:
    """Since it started: steps that it took itself, requests that it answered, errors by their type."""
    yield _histogram(own, STEP_SECONDS, "headgate_step_seconds", "Seconds that a step took.", ("flow", "step"))
    labels = ("http_request_method", "http_route", "http_response_status_code")
    yield _histogram(own, REQUEST_SECONDS, "headgate_request_seconds", "Seconds that an answer took.", labels)
    errors = CounterMetricFamily("headgate_errors", "Steps that failed.", labels=["flow", "step", "type"])
    for attributes, count in own.counts(ERRORS):
        errors.add_metric([attributes["flow"], attributes["step"], attributes["type"]], count)
    yield errors


def _histogram(own: OwnFigures, name: str, called: str, what: str, labels: tuple[str, ...]) -> Metric:
    family = HistogramMetricFamily(called, what, labels=list(labels))
    for attributes, buckets, sum_s in own.durations(name):
        plain = {key.replace(".", "_"): value for key, value in attributes.items()}
        family.add_metric([plain[label] for label in labels], buckets, sum_s)
    return family


def _counter(
    name: str, what: str, labels: tuple[str, ...], counted: Mapping[tuple[str, str], int] | Mapping[tuple[str], int]
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, what, labels=list(labels))
    for values, count in sorted(counted.items()):
        family.add_metric(list(values), count)
    return family


def _age_s(moment: datetime, now: datetime) -> float:
    return max((now - moment).total_seconds(), 0.0)

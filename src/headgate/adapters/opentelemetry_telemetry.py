"""Spans and figures by OpenTelemetry, sent by OTLP over HTTP. Loaded only where it is switched on."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock, Thread
from time import monotonic

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.metrics import Counter, Histogram
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace import Span as TracedSpan
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from headgate.core.telemetry import Attributes, DeliveryPlace, Kind, Span, Telemetry

_KINDS = {"internal": SpanKind.INTERNAL, "server": SpanKind.SERVER}
_SECONDS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
_CLOSE_S = 3.0

_log = logging.getLogger(__name__)
_given: ContextVar[DeliveryPlace | None] = ContextVar("headgate_given_ids", default=None)


class OpenTelemetry(Telemetry):
    """Sends to an OTLP receiver; what cannot be sent is dropped, and work goes on."""

    def __init__(self, *, endpoint: str | None, project: str, version: str) -> None:
        """`endpoint` is the receiver's base URL; None: as `OTEL_EXPORTER_OTLP_*` say."""
        named = {"service.name": os.environ.get("OTEL_SERVICE_NAME", "headgate"), "service.version": version}
        resource = Resource.create({**named, "headgate.project": project})
        base = None if endpoint is None else endpoint.rstrip("/")
        spans = OTLPSpanExporter(endpoint=None if base is None else f"{base}/v1/traces")
        figures = OTLPMetricExporter(endpoint=None if base is None else f"{base}/v1/metrics")
        self._traces = TracerProvider(resource=resource, id_generator=_Ids(), shutdown_on_exit=False)
        if _wanted("OTEL_TRACES_EXPORTER"):
            self._traces.add_span_processor(BatchSpanProcessor(spans))
        readers = [PeriodicExportingMetricReader(figures)] if _wanted("OTEL_METRICS_EXPORTER") else []
        self._metrics = MeterProvider(readers, resource, shutdown_on_exit=False)
        self._tracer = self._traces.get_tracer("headgate", version)
        self._meter = self._metrics.get_meter("headgate", version)
        self._counters: dict[str, Counter] = {}
        self._histograms: dict[str, Histogram] = {}
        self._lock = Lock()
        self._exporters = (spans, figures)
        self._closed = False
        # each try that fails would be a line; that nothing was sent in the end is told once a batch
        logging.getLogger("opentelemetry.exporter").setLevel(logging.ERROR)

    @contextmanager
    def span(self, name: str, attributes: Attributes, *, kind: Kind = "internal", parent: str = "") -> Iterator[Span]:
        """A span around a block, inside the one that surrounds it; `parent` counts where none does."""
        context = None
        if parent and not get_current_span().get_span_context().is_valid:
            context = TraceContextTextMapPropagator().extract({"traceparent": parent})
        # What an exception says may quote data: `_Heard.fail` tells its type
        with self._tracer.start_as_current_span(
            name,
            context=context,
            kind=_KINDS[kind],
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            yield _Heard(span)

    def delivery(self, place: DeliveryPlace, attributes: Attributes) -> None:
        """The first span of a delivery's own trace, linked to the span in which it landed."""
        landing = get_current_span().get_span_context()
        token = _given.set(place)
        try:
            links = [Link(landing)] if landing.is_valid else []
            self._tracer.start_span("delivery", context=Context(), attributes=attributes, links=links).end()
        finally:
            _given.reset(token)

    def link(self, places: Sequence[DeliveryPlace]) -> None:
        """Link the span that surrounds the caller to the deliveries' own traces."""
        span = get_current_span()
        for place in places:
            span.add_link(_context_of(place))

    def count(self, name: str, amount: int, attributes: Attributes) -> None:
        """So many more of something."""
        with self._lock:
            counter = self._counters.get(name) or self._meter.create_counter(name)
            self._counters[name] = counter
        counter.add(amount, attributes)

    def seconds(self, name: str, value: float, attributes: Attributes) -> None:
        """Something took so long."""
        with self._lock:
            histogram = self._histograms.get(name) or self._meter.create_histogram(
                name, unit="s", explicit_bucket_boundaries_advisory=_SECONDS
            )
            self._histograms[name] = histogram
        histogram.record(value, attributes)

    def close(self) -> None:
        """Send what was not sent yet, for three seconds at most. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        ends = [Thread(target=one.shutdown, daemon=True) for one in (self._traces, self._metrics)]
        for end in ends:
            end.start()
        until = monotonic() + _CLOSE_S
        for end in ends:
            end.join(max(0.0, until - monotonic()))
        if any(end.is_alive() for end in ends):
            _log.warning("Spans and figures were not all sent: their receiver does not answer. Work is not affected.")
        for exporter in self._exporters:  # one that still tries gives up
            exporter.shutdown()


class _Heard(Span):
    """A span that is sent."""

    def __init__(self, span: TracedSpan) -> None:
        self._span = span
        context = span.get_span_context()
        self.trace_id, self.span_id = f"{context.trace_id:032x}", f"{context.span_id:016x}"

    def name(self, name: str) -> None:
        """Call it otherwise."""
        self._span.update_name(name)

    def put(self, attributes: Attributes) -> None:
        """Tell more of it."""
        self._span.set_attributes(attributes)

    def fail(self, kind: str) -> None:
        """It ended with an error of that type."""
        self._span.set_attribute("error.type", kind)
        self._span.set_status(Status(StatusCode.ERROR))

    @property
    def traceparent(self) -> str:
        """With the sampler's decision, for the processes that go on with it."""
        carrier: dict[str, str] = {}
        TraceContextTextMapPropagator().inject(carrier, set_span_in_context(self._span))
        return carrier.get("traceparent", "")


class _Ids(RandomIdGenerator):
    """Random, but where a delivery's own are given."""

    def generate_trace_id(self) -> int:
        given = _given.get()
        return super().generate_trace_id() if given is None else int(given.trace_id, 16)

    def generate_span_id(self) -> int:
        given = _given.get()
        return super().generate_span_id() if given is None else int(given.span_id, 16)


def _wanted(variable: str) -> bool:
    """Whether the standard's variable leaves it switched on; we have one exporter, so only `none` says otherwise."""
    return os.environ.get(variable, "otlp").strip().lower() != "none"


def _context_of(place: DeliveryPlace) -> SpanContext:
    return SpanContext(int(place.trace_id, 16), int(place.span_id, 16), is_remote=True, trace_flags=TraceFlags(1))

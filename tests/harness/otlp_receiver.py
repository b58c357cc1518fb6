"""A receiver of OTLP over HTTP: what it takes in is decoded by OpenTelemetry's own protocol definitions."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

import msgspec
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue


class Got(msgspec.Struct, kw_only=True):
    """A span as it came."""

    name: str
    trace: str
    id: str
    parent: str
    links: tuple[tuple[str, str], ...]  # trace and span
    attributes: dict[str, Any]
    failed: bool
    service: dict[str, Any]


class Receiver:
    """What came in, and where to send it."""

    def __init__(self) -> None:
        self.url = ""
        self.raw = b""
        self.spans: list[Got] = []
        self.figures: dict[str, list[tuple[dict[str, Any], Any]]] = {}
        self._lock = Lock()

    def take(self, path: str, body: bytes) -> None:
        with self._lock:
            self.raw += body
            if path == "/v1/traces":
                self.spans += _spans(ExportTraceServiceRequest.FromString(body))
            elif path == "/v1/metrics":
                for name, attributes, value in _figures(ExportMetricsServiceRequest.FromString(body)):
                    self.figures.setdefault(name, []).append((attributes, value))

    def named(self, name: str) -> list[Got]:
        return [span for span in self.spans if span.name == name]


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a port of this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.take(self.path, gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


def _spans(request: ExportTraceServiceRequest) -> Iterator[Got]:
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Got(
                    name=span.name,
                    trace=span.trace_id.hex(),
                    id=span.span_id.hex(),
                    parent=span.parent_span_id.hex(),
                    links=tuple((link.trace_id.hex(), link.span_id.hex()) for link in span.links),
                    attributes=_attributes(span.attributes),
                    failed=span.status.code == 2,
                    service=_attributes(resource.resource.attributes),
                )


def _figures(request: ExportMetricsServiceRequest) -> Iterator[tuple[str, dict[str, Any], Any]]:
    for resource in request.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.sum.data_points:
                    yield metric.name, _attributes(point.attributes), point.as_int
                for point in metric.histogram.data_points:
                    yield metric.name, _attributes(point.attributes), point.count


def _attributes(given: Iterable[KeyValue]) -> dict[str, Any]:
    return {one.key: _value(one.value) for one in given}


def _value(value: AnyValue) -> object:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(one) for one in value.array_value.values]
    return getattr(value, str(kind))

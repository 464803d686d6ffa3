"""A collector for tests: takes spans over OTLP/HTTP, and tells which came."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1 import trace_pb2

PATIENCE_S = 45.0


@dataclass(frozen=True)
class Told:
    """A span as it came."""

    service: str
    name: str
    kind: str
    trace: str
    id: str
    parent: str
    attributes: dict[str, Any]
    failed: bool
    links: list[tuple[str, str]] = field(default_factory=list)  # trace and span


class Collector:
    """Listens on a free port of loopback until it is closed."""

    def __init__(self) -> None:
        self._spans: list[Told] = []
        self._came = threading.Condition()
        self.raw = b""
        self.paths: set[str] = set()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.paths.add(self.path)
                collector._take(body)
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def settings(self) -> dict[str, str]:
        """What a process is told to send its spans here, soon."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self._server.server_port}",
            "OTEL_BSP_SCHEDULE_DELAY": "50",
        }

    def wait(self, enough: Callable[[list[Told]], bool]) -> list[Told]:
        """All spans, once there are enough of them."""
        with self._came:
            assert self._came.wait_for(lambda: enough(self._spans), PATIENCE_S), self._spans
            return list(self._spans)

    def _take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        with self._came:
            self.raw += body
            for of in request.resource_spans:
                named = {one.key: one.value.string_value for one in of.resource.attributes}
                for scope in of.scope_spans:
                    self._spans += [_told(named["service.name"], one) for one in scope.spans]
            self._came.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def _told(service: str, span: trace_pb2.Span) -> Told:
    return Told(
        service=service,
        name=span.name,
        kind=trace_pb2.Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_"),
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        attributes={
            one.key: getattr(one.value, str(one.value.WhichOneof("value")))
            for one in span.attributes
        },
        failed=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        links=[(one.trace_id.hex(), one.span_id.hex()) for one in span.links],
    )

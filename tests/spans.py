"""OpenTelemetry in this process for one test, with its spans in memory."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


class Spans:
    """The process's tracing, until the monkeypatch is undone."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        # There is no way to take a provider back that was set.
        monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", self.provider)

    def named(self, start: str) -> list[ReadableSpan]:
        """Spans that ended, whose name begins so, in order."""
        return [one for one in self._exporter.get_finished_spans() if one.name.startswith(start)]


def ids(span: ReadableSpan) -> tuple[str, str]:
    """The span's trace and its own id."""
    context = span.get_span_context()
    assert context is not None
    return f"{context.trace_id:032x}", f"{context.span_id:016x}"


def parent_of(span: ReadableSpan) -> str:
    """The id of the span's parent; "" for none."""
    return "" if span.parent is None else f"{span.parent.span_id:016x}"

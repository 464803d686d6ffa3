"""Spans around commands, and the trace context that goes with them (W3C's `traceparent`).

OpenTelemetry's API is imported only if the process has set tracing up (`tracing_setup`); otherwise
tracing costs a lookup in `sys.modules`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

from producer.contract import Lane

if TYPE_CHECKING:
    from opentelemetry.trace import Span as OtelSpan
    from opentelemetry.trace import Tracer

HEADER = "traceparent"
SYSTEM = "celery"
SCOPE = "card-commands"
# Later versions may add fields; only those of version 00 are read (W3C Trace Context, 3.2.4).
_TRACEPARENT = re.compile(
    r"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)
_SAMPLED = 1
_LANES = frozenset(lane.value for lane in Lane)

Attributes = Mapping[str, "str | int | bool"]


class Kind(StrEnum):
    """Kinds of spans, by OpenTelemetry's names."""

    SERVER = "SERVER"
    CLIENT = "CLIENT"
    PRODUCER = "PRODUCER"
    CONSUMER = "CONSUMER"


def parse(value: str | None) -> str:
    """A caller's `traceparent` in its stored form of 55 characters; "" if it is malformed."""
    found = _TRACEPARENT.fullmatch(value.strip()) if value and len(value) <= 512 else None
    if found is None or (found[1] == "00" and found[5] is not None):
        return ""
    return f"00-{found[2]}-{found[3]}-{int(found[4], 16) & _SAMPLED:02x}"


class NoSpan:
    """The span of a process that does not trace: it records nothing, and passes a context on."""

    __slots__ = ("traceparent",)

    def __init__(self, traceparent: str = "") -> None:
        self.traceparent = traceparent

    def set(self, name: str, value: str | int | bool) -> None:
        """Set an attribute."""

    def event(self, name: str) -> None:
        """Add an event."""

    def link(self, traceparent: str) -> None:
        """Link the span of that context, which is not the parent."""

    def rename(self, name: str) -> None:
        """Set the name, if it is only known after the start."""

    def failed(self, error: str) -> None:
        """Mark the span as failed with an error of that type."""

    def end(self) -> None:
        """End a span that is not used with `with`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        return None


class Span(NoSpan):
    """An OpenTelemetry span. Inside `with` it is the parent of new spans.

    It records only the type of an exception: the text may quote anything.
    """

    __slots__ = ("_span", "_token")

    def __init__(self, span: OtelSpan) -> None:
        super().__init__(_traceparent_of(span))
        self._span = span
        self._token: Any = None

    def set(self, name: str, value: str | int | bool) -> None:
        self._span.set_attribute(name, value)

    def event(self, name: str) -> None:
        self._span.add_event(name)

    def link(self, traceparent: str) -> None:
        if (context := _span_context(traceparent)) is not None:
            self._span.add_link(context)

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def failed(self, error: str) -> None:
        from opentelemetry.trace import StatusCode

        self._span.set_attribute("error.type", error)
        self._span.set_status(StatusCode.ERROR)

    def end(self) -> None:
        self._span.end()

    def __enter__(self) -> Self:
        from opentelemetry import context, trace

        self._token = context.attach(trace.set_span_in_context(self._span))
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        from opentelemetry import context

        context.detach(self._token)
        if kind is not None:
            self.failed(kind.__name__)
        self._span.end()


NO_SPAN = NoSpan()
_tracer: tuple[object, Tracer] | None = None


def is_on() -> bool:
    """Whether OpenTelemetry's tracing is set up in this process."""
    api = sys.modules.get("opentelemetry.trace")
    return api is not None and not isinstance(api.get_tracer_provider(), api.ProxyTracerProvider)


def current() -> str:
    """The context of the current span; "" for none."""
    api = sys.modules.get("opentelemetry.trace")
    return "" if api is None else _traceparent_of(api.get_current_span())


def span(name: str, kind: Kind, attributes: Attributes, *, parent: str | None = None) -> Span:
    """Start a span. Call it only if tracing `is_on`.

    `parent` is a remote context, "" for none; by default the current span is the parent.
    """
    from opentelemetry import context, trace

    within = None
    if parent is not None:
        within = context.Context()
        if (of := _span_context(parent)) is not None:
            within = trace.set_span_in_context(trace.NonRecordingSpan(of), within)
    started = _current_tracer().start_span(
        name, within, kind=trace.SpanKind[kind.name], attributes=dict(attributes)
    )
    return Span(started)


def sent(kind: str, lane: Lane | str, *, given: str | None = None) -> NoSpan:
    """The span of sending a command; its context goes with the command.

    `given` is the caller's `traceparent`, which is passed on if this process does not trace.
    """
    if not is_on():
        return NoSpan(parse(given) if given else current())
    return span(f"send {kind}", Kind.PRODUCER, _produced("send", kind, str(lane)))


def created(kind: str, command_id: str, lane: Lane | str) -> str:
    """The context of a command that is sent with others: that of its own span, already ended."""
    attributes = _produced("create", kind, str(lane))
    started = span(
        f"create {kind}", Kind.PRODUCER, {**attributes, "messaging.message.id": command_id}
    )
    started.end()
    return started.traceparent


def _produced(operation: str, kind: str, lane: str) -> dict[str, str | int | bool]:
    lane = lane if lane in _LANES else "other"  # not validated yet: it may be any text
    return {
        "messaging.system": SYSTEM,
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": lane,
        "cards.command.kind": kind,
        "cards.lane": lane,
    }


def _current_tracer() -> Tracer:
    """The tracer of the current provider."""
    global _tracer
    from opentelemetry import trace

    provider = trace.get_tracer_provider()
    if _tracer is None or _tracer[0] is not provider:
        _tracer = provider, provider.get_tracer(SCOPE)
    return _tracer[1]


def _span_context(traceparent: str) -> Any:
    from opentelemetry.trace import SpanContext, TraceFlags

    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None:
        return None
    flags = TraceFlags(int(found[4], 16) & _SAMPLED)
    return SpanContext(int(found[2], 16), int(found[3], 16), is_remote=True, trace_flags=flags)


def _traceparent_of(span: OtelSpan) -> str:
    context = span.get_span_context()
    if not context.is_valid:
        return ""
    flags = context.trace_flags & _SAMPLED
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{flags:02x}"

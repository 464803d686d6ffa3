"""Sets up OpenTelemetry's tracing for our processes, from the standard OTEL_* variables."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from producer.observability import tracing

log = logging.getLogger(__name__)

# An unreachable collector must not delay a process that is stopping.
_FLUSH_S = 3.0
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_EXPORTERS = "OTEL_TRACES_EXPORTER"


def configured(environ: Mapping[str, str]) -> str | None:
    """The variable that turns tracing on; None if none does."""
    if _value(environ, "OTEL_SDK_DISABLED").lower() == "true" or _exporters(environ) == ["none"]:
        return None
    names = (*_ENDPOINTS, _EXPORTERS)
    return next((name for name in names if _value(environ, name)), None)


def set_up(environ: Mapping[str, str], service: str) -> Callable[[], None]:
    """Set tracing up, if the environment asks for it; answers a function that shuts it down.

    `service` is the default of OTEL_SERVICE_NAME. An error is logged and disables the traces; it
    never stops the process. Does nothing if tracing is set up already.
    """
    asked = configured(environ)
    if asked is None or tracing.is_on():
        return _nothing
    try:
        return _set_up(environ, service)
    except ImportError:
        log.warning("%s is set, but nothing is traced: install card-commands[tracing]", asked)
    except Exception as error:
        log.warning("%s is set, but nothing is traced: %s", asked, error)
    return _nothing


def _set_up(environ: Mapping[str, str], service: str) -> Callable[[], None]:
    exporters = _exporters(environ) or ["otlp"]
    for name in exporters:
        if name not in ("otlp", "console"):
            raise ValueError(f"{_EXPORTERS} must be otlp, console or none, not {name[:40]!r}")
    protocol = next((found for name in _PROTOCOLS if (found := _value(environ, name))), "")
    if "otlp" in exporters and protocol not in ("", "http/protobuf"):
        raise ValueError(f"the protocol must be http/protobuf, not {protocol[:40]!r}")

    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import (
        BatchSpanProcessor,
        ConsoleSpanExporter,
        SimpleSpanProcessor,
    )

    resource = Resource.create()
    named = _value(environ, "OTEL_SERVICE_NAME")
    if not named and "service.name=" not in _value(environ, "OTEL_RESOURCE_ATTRIBUTES"):
        resource = resource.merge(Resource({"service.name": service}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    if "otlp" in exporters:
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    if "console" in exporters:
        provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
    trace.set_tracer_provider(provider)
    log.info("traces go to %s", ", ".join(exporters))
    return lambda: _flush(provider.shutdown)


def _flush(shutdown: Callable[[], None]) -> None:
    thread = threading.Thread(target=shutdown, name="last spans", daemon=True)
    thread.start()
    thread.join(_FLUSH_S)


def _exporters(environ: Mapping[str, str]) -> list[str]:
    return [name.strip() for name in _value(environ, _EXPORTERS).split(",") if name.strip()]


def _value(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name, "").strip()


def _nothing() -> None:
    """Shut down nothing: tracing was not set up."""

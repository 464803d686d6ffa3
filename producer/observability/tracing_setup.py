"""Sets OpenTelemetry's tracing up for a process of ours, by the standard OTEL_* variables."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from producer.observability import tracing

log = logging.getLogger(__name__)

# A collector that is away must not hold a process that was told to stop.
_FLUSH_S = 3.0
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_EXPORTERS = "OTEL_TRACES_EXPORTER"


def configured(environ: Mapping[str, str]) -> str | None:
    """The variable that asks for traces; None where none does."""
    if _value(environ, "OTEL_SDK_DISABLED").lower() == "true" or _exporters(environ) == ["none"]:
        return None
    names = (*_ENDPOINTS, _EXPORTERS)
    return next((name for name in names if _value(environ, name)), None)


def set_up(environ: Mapping[str, str], service: str) -> Callable[[], None]:
    """Trace from here on, if the environment asks for it; answers what ends it.

    `service` is the name where OTEL_SERVICE_NAME has none. What is wrong costs the traces and a
    line in the log, never the process. Does nothing where the process is traced already.
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
    return lambda: _end(provider.shutdown)


def _end(shutdown: Callable[[], None]) -> None:
    ending = threading.Thread(target=shutdown, name="last spans", daemon=True)
    ending.start()
    ending.join(_FLUSH_S)


def _exporters(environ: Mapping[str, str]) -> list[str]:
    return [one.strip() for one in _value(environ, _EXPORTERS).split(",") if one.strip()]


def _value(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name, "").strip()


def _nothing() -> None:
    """Nothing was begun."""

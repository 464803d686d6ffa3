"""What turns tracing on or off, and what it costs when it is off."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from producer.observability import tracing
from producer.observability.tracing_setup import configured, set_up

ROOT = Path(__file__).resolve().parents[2]
ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


@pytest.mark.parametrize(
    ("environ", "by"),
    [
        ({}, None),
        (ENDPOINT, "OTEL_EXPORTER_OTLP_ENDPOINT"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, None),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, "OTEL_TRACES_EXPORTER"),
        ({**ENDPOINT, "OTEL_TRACES_EXPORTER": "none"}, None),
        ({**ENDPOINT, "OTEL_SDK_DISABLED": "true"}, None),
        ({"OTEL_SERVICE_NAME": "cards"}, None),
    ],
)
def test_which_variables_turn_tracing_on(environ: dict[str, str], by: str | None) -> None:
    """An endpoint or an exporter turns tracing on, unless another variable disables it."""
    assert configured(environ) == by


def test_without_the_extra_there_is_one_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The warning says what to install, and the process continues."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with caplog.at_level(logging.WARNING):
        set_up(ENDPOINT, "web")()
    assert [one.getMessage() for one in caplog.records] == [
        "OTEL_EXPORTER_OTLP_ENDPOINT is set, but nothing is traced: install card-commands[tracing]"
    ]
    assert not tracing.is_on()


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "must be otlp, console or none, not 'zipkin'"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "must be http/protobuf, not 'grpc'"),
    ],
)
def test_unsupported_settings_only_disable_tracing(
    extra: dict[str, str], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning names the setting; no span is made and nothing is raised."""
    with caplog.at_level(logging.WARNING):
        set_up({**ENDPOINT, **extra}, "web")()
    (line,) = caplog.records
    assert said in line.getMessage()
    assert not tracing.is_on()


_PROBE = """
import sys
{body}
from producer.observability import tracing
assert tracing.is_on() is {on}, tracing.is_on()
loaded = [one for one in sys.modules if one.startswith(
    ("opentelemetry.sdk.trace", "opentelemetry.exporter", "opentelemetry.proto"))]
assert bool(loaded) is {on}, loaded
"""
_WEB = """
import os
from producer.http.app import create_app
from producer.settings import WebSettings
from producer.observability.tracing_setup import set_up
set_up(os.environ, "web")
app = create_app(WebSettings.from_environ(os.environ))
assert any(one.cls.__name__ == "ServerSpans" for one in app.user_middleware) is {on}
"""
_WORKER = """
import os
from worker.app import app
from worker.composition import runtime_of
from worker.settings import WorkerSettings
from producer.observability.tracing_setup import set_up
set_up(os.environ, "worker")
runtime_of(WorkerSettings.from_environ(os.environ), "w", int)
"""
_CLIENT = """
import os
from producer import CardCommands
from producer.observability.tracing_setup import set_up
set_up(os.environ, "client")
CardCommands.from_env()
"""


@pytest.mark.parametrize("on", [False, True])
@pytest.mark.parametrize("body", [_WEB, _WORKER, _CLIENT], ids=["web", "worker", "client"])
def test_off_nothing_of_the_sdk_is_imported(body: str, on: bool) -> None:
    """Without an endpoint no process imports the SDK or an exporter; with one all do."""
    made = _PROBE.format(body=body.replace("{on}", str(on)), on=on)
    subprocess.run(
        [sys.executable, "-c", made],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "STRIPE_API_KEY": "sk_test_x",
            **(ENDPOINT if on else {}),
        },
        check=True,
        timeout=60,
    )


def test_an_unreachable_collector_delays_no_process(tmp_path: Path) -> None:
    """Spans that cannot be sent are dropped, and the process exits with code 0."""
    made = (
        "import os\n"
        "from producer.observability import tracing\n"
        "from producer.observability.tracing_setup import set_up\n"
        "end = set_up(os.environ, 'x')\n"
        "tracing.created('AssignCard', 'id', 'bulk')\n"
        "end()\n"
    )
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **ENDPOINT}
    subprocess.run([sys.executable, "-c", made], env=env, check=True, timeout=60)

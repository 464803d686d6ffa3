"""Fixtures for tests of what runs on a developer's machine."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local.processes.ports import free_port
from tests.local.running import Running, up_command

_SETTINGS = ("REDIS_URL", "STRIPE_API_KEY", "STRIPE_API_BASE", "HOST", "CARDS_API_TOKENS")

StartUp = Callable[..., Running]


@pytest.fixture
def start_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StartUp]:
    """Starts `make up` with dummies; each run ends with the test, at the latest."""
    for name in _SETTINGS:
        monkeypatch.delenv(name, raising=False)
    started: list[Running] = []

    def start(
        *,
        command: list[str] | None = None,
        hangup: signal.Handlers = signal.SIG_DFL,
        **environ: str,
    ) -> Running:
        settings = {"PORT": str(free_port()), "CARDS_DATA_DIR": str(tmp_path / "data"), **environ}
        started.append(Running(command or up_command(), settings, hangup))
        return started[-1]

    yield start
    for running in started:
        running.close()

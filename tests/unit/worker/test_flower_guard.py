"""Our Flower also sets its own read-only option, unless control is on."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from celery import Celery
from flower.options import default_options

from local.processes.ports import free_port
from local.running.plan import make_plan
from worker.flower.guard import GuardedFlower

ROOT = Path(__file__).resolve().parents[3]
_COMMAND = ["celery", "-A", "worker.flower", "flower"]


def _options(**changes: Any) -> Any:
    options = {name: default_options[name] for name in default_options}
    return SimpleNamespace(**{**options, "address": "127.0.0.1", **changes})


@pytest.mark.parametrize(
    ("control", "asked", "read_only"),
    [("", False, True), ("off", False, True), ("on", False, False), ("on", True, True)],
)
def test_read_only_is_on_by_default(
    monkeypatch: pytest.MonkeyPatch, control: str, asked: bool, read_only: bool
) -> None:
    """Flower is read-only without CARDS_FLOWER_CONTROL; with it Flower's own option counts."""
    monkeypatch.setenv("CARDS_FLOWER_CONTROL", control)
    options = _options()
    known = hasattr(
        options, "read_only"
    )  # Flower 2.0 has no such option: only the guard protects it
    if known:
        options.read_only = asked
    flower = GuardedFlower(options, Celery(set_as_current=False, broker="memory://"))
    assert getattr(options, "read_only", read_only) is read_only
    assert flower.control is (control == "on")


def test_every_deployment_runs_flower_with_the_guard() -> None:
    """Procfile, compose and `make up` name the app that installs the guard."""
    procfile = yaml.safe_load((ROOT / "Procfile").read_text())["flower"].split()
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]["flower"]
    plan = make_plan({"PATH": "/bin", "PORT": str(free_port())}, Path("valkey"), 3)
    up = plan.programs["flower"].argv[2:]
    for command in (procfile, compose["command"], up):
        assert command[: len(_COMMAND)] == _COMMAND

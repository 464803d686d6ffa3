"""The child process in which a suspect command is tried."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from producer.contract import CommandKind, parse_command
from sandbox.http.server import SandboxThread
from sandbox.objects.seed import CARD, CUSTOMER
from worker.execution.quarantine import PoisonError, Quarantine
from worker.handlers.attempt import Attempt, LeaseLost
from worker.verdicts import Rejected, Succeeded

_KILLS_ITSELF = """
import os, signal
from worker.handlers.set_default_card import SetDefaultCardHandler

async def carry_out(self, attempt):
    os.kill(os.getpid(), signal.SIGKILL)

SetDefaultCardHandler.carry_out = carry_out
"""


def attempt_of(card: str, *, key: str = "id", held: bool = True) -> Attempt:
    """A third attempt, under a lease that is held or not."""
    command = parse_command(
        CommandKind.SET_DEFAULT_CARD, {"userId": CUSTOMER, "default_source": card}
    )
    return Attempt(command, "id", key, 3, unsettled=True, held=lambda: held)


@pytest.fixture
def stripe(monkeypatch: pytest.MonkeyPatch) -> object:
    """A sandbox for the child process."""
    with SandboxThread() as sandbox:
        monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:1/0")
        monkeypatch.setenv("STRIPE_API_KEY", "sk_test_x")
        monkeypatch.setenv("STRIPE_API_BASE", sandbox.url)
        yield sandbox


@pytest.mark.usefixtures("stripe")
async def test_verdict_comes_back_whole() -> None:
    """A success and a refusal arrive from the child process unchanged."""
    done = await Quarantine().carry_out(attempt_of(CARD), lambda: 10.0)
    assert isinstance(done, Succeeded)
    assert done.data["default_source"] == CARD
    refused = await Quarantine().carry_out(attempt_of("card_nowhere", key="id-2"), lambda: 10.0)
    assert isinstance(refused, Rejected)
    assert refused.code == "resource_missing"


@pytest.mark.usefixtures("stripe")
async def test_child_that_dies_identifies_its_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A command that kills its process kills only the child, and is identified."""
    (tmp_path / "sitecustomize.py").write_text(_KILLS_ITSELF)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.getcwd()]))
    with pytest.raises(PoisonError):
        await Quarantine().carry_out(attempt_of(CARD), lambda: 10.0)


@pytest.mark.usefixtures("stripe")
async def test_lost_lease_sends_nothing() -> None:
    """Nothing is sent if the lease was lost before the child starts, or expires within it."""
    with pytest.raises(LeaseLost):
        await Quarantine().carry_out(attempt_of(CARD, held=False), lambda: 10.0)
    with pytest.raises(LeaseLost):
        await Quarantine().carry_out(attempt_of(CARD), lambda: 0.0)

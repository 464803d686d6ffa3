"""The properties hold in every interleaving of the journal's own scripts, with faults."""

from __future__ import annotations

from dataclasses import replace

import pytest

from producer.journal import Call
from producer.journal.redis.scripts import Script, script
from tests.model import mini_redis, properties, protocol, replication
from tests.model.explore import explore
from tests.model.scenarios import (
    CONFIRMED,
    DEFAULT,
    FAILOVERS,
    GIVEN_UP,
    REPLAYED,
    UNCONFIRMED,
    VALIDATION,
)
from tests.model.states import Scenario

# Tens of seconds of CPU each: on a busy machine several times that.
pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize(("scenario", "faults"), DEFAULT, ids=[s.name for s, _ in DEFAULT])
def test_every_property_holds_in_every_state(scenario: Scenario, faults: int) -> None:
    """P1 to P8 hold in every reachable state, but for the documented exceptions."""
    found = explore(scenario, faults=faults)
    assert found.violation is None, str(found)
    assert found.states > 100


def test_validation_failure_is_not_saved_and_so_cannot_fence() -> None:
    """The documented exception is real: a late request of a rejected command may take effect."""
    found = explore(VALIDATION, faults=1, exceptions=False)
    assert found.violation is not None
    assert found.violation.what == "P2: c1 took effect after c2"
    assert "w2 completes c1 as rejected -> granted c2" in found.violation.trace


def test_request_of_a_command_given_up_may_come_late() -> None:
    """The documented exception is real: a request may be under way when its command fails."""
    found = explore(GIVEN_UP, faults=1)
    assert found.violation is None
    assert found.exceptions[properties.GIVEN_UP] > 0


def test_replayed_default_is_superseded_whether_or_not_it_happened() -> None:
    """The documented exception is real: `superseded` is about the replay, not earlier attempts."""
    found = explore(REPLAYED, faults=2)
    assert found.violation is None
    assert found.exceptions[properties.REPLAY_OF_DONE] > 0


def test_replayed_default_may_be_set_again() -> None:
    """The documented exception is real: of two failed but applied defaults the older repeats."""
    found = explore(REPLAYED, faults=3)
    assert found.violation is None
    assert found.exceptions[properties.REPLAY_REPEATS] > 0


def test_model_finds_a_planted_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model finds a completion that ignores its token, with the steps that lead to it."""
    _plant(monkeypatch, "lease[1] ~= fence or lease[2] ~= id", "false", only="complete")
    found = explore(DEFAULT[4][0], faults=1)
    assert found.violation is not None
    assert found.violation.trace[-1].startswith(("w1 completes", "w2 completes"))


def test_model_finds_a_forgotten_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model finds a claim that does not make its customer due: the command never ends."""
    _plant(monkeypatch, "redis.call('ZADD', KEY_DUE, expires, user)", "")
    found = explore(DEFAULT[4][0], faults=1)
    assert found.violation is not None
    assert found.violation.what == "P6: forgotten: c1 stays running"


@pytest.mark.parametrize(
    ("scenario", "faults"),
    [
        pytest.param(
            scenario,
            faults,
            id=scenario.name,
            marks=() if scenario in (CONFIRMED, UNCONFIRMED) else pytest.mark.extended,
        )
        for scenario, faults in FAILOVERS
    ],
)
def test_failover_breaks_what_is_listed_and_no_more(scenario: Scenario, faults: int) -> None:
    """If replicas confirm, P0 to P8 hold; else the listed properties fail, and the others hold."""
    found = explore(scenario, faults=faults)
    assert found.violation is None, str(found)
    assert found.failed.keys() == scenario.fails
    assert scenario.replicas != bool(scenario.fails)
    assert found.states > 100


def test_fence_without_its_holder_is_given_out_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """A promoted replica repeats a number: without the holder's name two workers hold one lease."""
    _plant(monkeypatch, " .. '.' .. string.sub(holder, 1, 8)", "")
    found = explore(UNCONFIRMED, faults=1)
    assert found.violation is not None
    assert found.violation.what == "P4: two workers hold the customer's lease"


@pytest.mark.parametrize(
    ("script", "broken"),
    [
        ("accept", "P0: c1 was reported as accepted, and is not known"),
        ("complete", "P8: c1 was not settled when c2 was sent"),
        ("renew", "P8: c2 was not settled when c1 was sent"),
        ("claim", "P8: c2 was not settled when c1 was sent"),
    ],
)
def test_every_write_that_is_answered_must_be_confirmed(
    monkeypatch: pytest.MonkeyPatch, script: str, broken: str
) -> None:
    """The model finds a call that does not wait for replicas, by what a failover then violates."""
    made = getattr(protocol, script)

    def careless(*args: object, **options: object) -> Call[object]:
        call: Call[object] = replace(made(*args, **options), durable=False)
        return call

    for module in (protocol, replication):
        monkeypatch.setattr(module, script, careless, raising=False)
    found = explore(CONFIRMED, faults=1)
    assert found.violation is not None
    assert found.violation.what == broken


def _plant(monkeypatch: pytest.MonkeyPatch, text: str, instead: str, *, only: str = "") -> None:
    """Replace a text in the scripts; `only` names the only script that has it."""

    def careless(name: str) -> Script:
        whole = script(name).text
        assert text not in whole or only in ("", name)
        return Script(whole.replace(text, instead), "")

    assert text in script(only or "claim").text
    monkeypatch.setattr(mini_redis, "script", careless)

"""Every interleaving of the journal's own scripts, with faults, keeps the promises."""

from __future__ import annotations

import pytest

from tests.model import properties
from tests.model.explore import explore
from tests.model.scenarios import DEFAULT, GIVEN_UP, REPLAYED, VALIDATION
from tests.model.states import Scenario


@pytest.mark.parametrize(("scenario", "faults"), DEFAULT, ids=[s.name for s, _ in DEFAULT])
def test_every_property_holds_in_every_state(scenario: Scenario, faults: int) -> None:
    """P1 to P8 hold in every state that can be reached, but for the documented exceptions."""
    found = explore(scenario, faults=faults)
    assert found.violation is None, str(found)
    assert found.states > 100


def test_validation_failure_is_not_saved_and_so_cannot_fence() -> None:
    """The documented exception is real: a late request of a rejected command may take effect."""
    found = explore(VALIDATION, faults=1, exceptions=False)
    assert found.violation is not None
    assert found.violation.what == "P2: c1 took effect after c2"
    assert "w2 closes c1 as rejected -> granted c2" in found.violation.trace


def test_request_of_a_command_given_up_may_come_late() -> None:
    """The documented exception is real: `failed` says nothing of a request still under way."""
    found = explore(GIVEN_UP, faults=1)
    assert found.violation is None
    assert found.exceptions[properties.GIVEN_UP] > 0


def test_replayed_default_is_superseded_whether_or_not_it_happened() -> None:
    """The documented exception is real: `superseded` is said of the replay, not of former tries."""
    found = explore(REPLAYED, faults=2)
    assert found.violation is None
    assert found.exceptions[properties.REPLAY_OF_DONE] > 0


def test_replayed_default_may_be_set_again() -> None:
    """The documented exception is real: two that failed and happened, and the older is replayed."""
    found = explore(REPLAYED, faults=3)
    assert found.violation is None
    assert found.exceptions[properties.REPLAY_REPEATS] > 0


def test_model_finds_a_planted_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """A close that does not look at its fence is found, with the steps that lead there."""
    from producer.journal import scripts
    from tests.model import mini_redis

    def careless(name: str) -> scripts.Script:
        text = scripts.script(name).text
        planted = text.replace("lease[1] ~= fence or lease[2] ~= id", "false")
        assert (planted != text) == (name == "close")
        return scripts.Script(planted, "")

    monkeypatch.setattr(mini_redis, "script", careless)
    found = explore(DEFAULT[4][0], faults=1)
    assert found.violation is not None
    assert found.violation.trace[-1].startswith(("w1 closes", "w2 closes"))


def test_model_finds_a_forgotten_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """A take that leaves no word of when to look again is found as a command that never ends."""
    from producer.journal import scripts
    from tests.model import mini_redis

    def careless(name: str) -> scripts.Script:
        text = scripts.script(name).text
        return scripts.Script(text.replace("redis.call('ZADD', KEY_WATCH, expires, user)", ""), "")

    monkeypatch.setattr(mini_redis, "script", careless)
    found = explore(DEFAULT[4][0], faults=1)
    assert found.violation is not None
    assert found.violation.what == "P6: forgotten: c1 stays running"

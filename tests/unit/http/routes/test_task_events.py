"""Which changes a stream tells, when states pass faster than they can be read."""

from __future__ import annotations

from datetime import UTC, datetime

from producer.contract import CommandKind, CommandStatus, Envelope, Lane, State
from producer.http.routes.task_events import _changes


def _status(state: State, attempts: int = 1) -> CommandStatus:
    return CommandStatus(
        id="x",
        command=CommandKind.ASSIGN_CARD,
        customer="cus_1",
        lane=Lane.BULK,
        state=state,
        attempts=attempts,
        accepted_at=datetime(2026, 1, 1, tzinfo=UTC),
        result=Envelope.yes("hecho") if state.ended else None,
    )


def _told(
    last: State | None, before: list[str], after: list[str], now: State
) -> tuple[list[str], list[str]]:
    view = None if last is None else _status(last)
    changes, later = _changes(view, before, after, _status(now))
    assert all((change.result is not None) == change.ended for change in changes)
    return [change.state.value for change in changes], later


def test_the_first_read_is_told_without_what_led_to_it() -> None:
    """A stream begins with the present state; what follows it is left for the next read."""
    assert _told(None, [], ["queued", "running"], State.RUNNING) == (["running"], [])
    assert _told(None, [], ["running"], State.QUEUED) == (["queued"], ["running"])


def test_states_that_have_passed_are_told_too() -> None:
    """What was published before the read is told in its order."""
    told = ["retrying", "running", "succeeded"]
    assert _told(State.RUNNING, told, [], State.SUCCEEDED) == (told, [])
    assert _told(State.RUNNING, told[:1], told[1:], State.SUCCEEDED) == (told, [])


def test_states_after_the_read_wait_for_the_next() -> None:
    """What was published after the read is left for the next one."""
    assert _told(State.QUEUED, [], ["running", "failed"], State.RUNNING) == (
        ["running"],
        ["failed"],
    )
    assert _told(State.QUEUED, ["running"], ["failed"], State.RUNNING) == (["running"], ["failed"])


def test_nothing_new_is_not_told() -> None:
    """A read that finds no change tells nothing; a state of a newer version is passed over."""
    assert _told(State.RUNNING, [], [], State.RUNNING) == ([], [])
    assert _told(State.RUNNING, ["dreaming"], [], State.RUNNING) == ([], [])


def test_a_further_attempt_is_a_change() -> None:
    """The same state after another attempt is told."""
    last, now = _status(State.RETRYING, 1), _status(State.RETRYING, 2)
    changes, _ = _changes(last, ["retrying"], [], now)
    assert [change.attempts for change in changes] == [2]

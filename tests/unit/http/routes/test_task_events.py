"""Which changes a stream sends if states pass faster than they can be read."""

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


def test_the_first_event_is_the_current_state() -> None:
    """A stream starts with the current state; later states are left for the next read."""
    assert _told(None, [], ["queued", "running"], State.RUNNING) == (["running"], [])
    assert _told(None, [], ["running"], State.QUEUED) == (["queued"], ["running"])


def test_passed_states_are_sent_too() -> None:
    """States published before the read are sent in order."""
    told = ["retrying", "running", "succeeded"]
    assert _told(State.RUNNING, told, [], State.SUCCEEDED) == (told, [])
    assert _told(State.RUNNING, told[:1], told[1:], State.SUCCEEDED) == (told, [])


def test_states_after_the_read_wait_for_the_next() -> None:
    """States published after the read are left for the next one."""
    assert _told(State.QUEUED, [], ["running", "failed"], State.RUNNING) == (
        ["running"],
        ["failed"],
    )
    assert _told(State.QUEUED, ["running"], ["failed"], State.RUNNING) == (["running"], ["failed"])


def test_without_a_change_nothing_is_sent() -> None:
    """A read without a change sends nothing; a newer version's state is ignored."""
    assert _told(State.RUNNING, [], [], State.RUNNING) == ([], [])
    assert _told(State.RUNNING, ["dreaming"], [], State.RUNNING) == ([], [])


def test_a_further_attempt_is_a_change() -> None:
    """The same state after another attempt is sent."""
    last, now = _status(State.RETRYING, 1), _status(State.RETRYING, 2)
    changes, _ = _changes(last, ["retrying"], [], now)
    assert [change.attempts for change in changes] == [2]

"""`kill -9` of a worker at each step of a command."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from producer.contract import Lane, State
from tests.crash.stage import LEASE_S, Stage
from tests.crash.worker_process import Worker, wait_until

pytestmark = pytest.mark.crash

# The lease expires, a sweep runs each second, the command is sent: with room for a slow machine,
# and with the lease of 15 s still within the promised 30 s.
TAKEOVER_S = LEASE_S + 10.0


@dataclass
class Scene:
    """The commands that a worker held when it was killed."""

    stage: Stage
    before_effect: str
    after_effect: str
    first: str
    second: str
    before_sending: str
    killed_at: float

    def seconds(self, command: str) -> float:
        """From the kill to the command's end, by Redis' clock."""
        finished = self.stage.status(command).finished_at
        assert finished is not None
        return finished.timestamp() - self.killed_at


# For the session: a worker dies of each fault once, and pytest-xdist may come back to this module.
@pytest.fixture(scope="session")
def scene(servers: Stage) -> Scene:
    """One kill in the middle of everything, also of Celery's own sweep."""
    stage, victim = servers, servers.workers[1].ready()
    stage.workers[0].ready()
    unaffected, affected, busy = (stage.customer(name) for name in ("Before", "After", "Busy"))
    holds = [
        stage.hold(unaffected, "before"),
        stage.hold(affected, "after"),
        stage.hold(busy, "after"),
    ]
    held = [stage.assign(unaffected), stage.assign(affected), stage.set_default(busy)]
    for hold in holds:
        hold.wait()
    second = stage.set_default(busy, 1)
    wait_until(lambda: stage.status(second).state is State.WAITING, "the second does not wait")
    # Celery's own sweep of unacknowledged messages is blocked by a process killed during it.
    stage.redis.set("unacked_mutex", "killed", ex=120)
    with victim.ending():
        last = stage.set_default(stage.customer("DiesBeforeSending"))
    killed_at = stage.now()
    for hold in holds:
        hold.release()
    return Scene(stage, held[0], held[1], held[2], second, last, killed_at)


def test_killed_at_stripe_before_the_effect(scene: Scene) -> None:
    """A command whose request had no effect yet when its worker was killed takes effect once."""
    scene.stage.ended(scene.before_effect, State.SUCCEEDED)
    assert len(scene.stage.effects(scene.before_effect)) == 1
    assert scene.seconds(scene.before_effect) < TAKEOVER_S


def test_killed_at_stripe_after_the_effect(scene: Scene) -> None:
    """A command that took effect before its worker was killed succeeds and is not repeated."""
    found = scene.stage.ended(scene.after_effect, State.SUCCEEDED)
    assert len(scene.stage.effects(scene.after_effect)) == 1
    assert {one["idempotency_key"] for one in scene.stage.requests(scene.after_effect)} == {
        found.id
    }
    assert scene.seconds(scene.after_effect) < TAKEOVER_S


def test_killed_just_before_sending(scene: Scene) -> None:
    """A command that was claimed and not sent is sent by the worker that takes it over."""
    found = scene.stage.ended(scene.before_sending, State.SUCCEEDED)
    assert len(scene.stage.requests(scene.before_sending)) == 1
    assert found.attempts == 2
    assert scene.seconds(scene.before_sending) < TAKEOVER_S


def test_killed_with_a_command_waiting(scene: Scene) -> None:
    """A command that waited behind the killed worker's follows it, in the customer's order."""
    scene.stage.ended(scene.second, State.SUCCEEDED)
    customer = scene.stage.status(scene.second).customer
    assert scene.stage.applied(customer) == [scene.first, scene.second]
    assert scene.seconds(scene.second) < TAKEOVER_S


def test_killed_before_the_message_is_acknowledged(stage: Stage, victim: Worker) -> None:
    """An ended command whose message returns is not executed again."""
    with victim.ending():
        command = stage.set_default(stage.customer("DiesBeforeAck"))
    stage.ended(command, State.SUCCEEDED)
    # Celery returns the message to the queue.
    stage.redis.delete("unacked_mutex")
    stage.expire_visibility()
    victim.ready()
    stage.idle()
    stage.ended(command, State.SUCCEEDED)
    assert len(stage.requests(command)) == 1


@pytest.fixture(scope="session")
def lost_messages(scene: Scene) -> dict[str, str]:
    """Commands that only the journal knows, whose messages were lost in different ways."""
    stage, victim = scene.stage, scene.stage.workers[1].ready()
    lost = {}
    # Redis hands the message to a connection whose worker no longer runs.
    wait_until(
        lambda: stage.redis.info("clients")["blocked_clients"] >= len(stage.workers),
        "the workers do not wait for messages",
    )
    victim.pause()
    wait_until(victim.stopped, "the victim does not stop")
    lost["stopped and killed"] = stage.set_default(stage.customer())
    wait_until(lambda: not stage.messages(Lane.INTERACTIVE), "the message is not fetched")
    with victim.ending():
        victim.kill()
    with victim.ending():
        lost["killed on receipt"] = stage.set_default(stage.customer("DiesOnReceipt"))
    # No worker polls the lane at this moment.
    lost["removed"] = stage.set_default(stage.customer())
    assert stage.redis.delete(Lane.INTERACTIVE.value) == 1
    return lost


@pytest.mark.parametrize("how", ["stopped and killed", "killed on receipt", "removed"])
def test_message_is_lost(lost_messages: dict[str, str], scene: Scene, how: str) -> None:
    """A command without message, lease or due time is found and executed."""
    found = scene.stage.ended(lost_messages[how], State.SUCCEEDED)
    assert len(scene.stage.effects(found.id)) == 1
    assert found.finished_at is not None
    assert (found.finished_at - found.accepted_at).total_seconds() < 15 + 5

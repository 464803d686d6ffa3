"""Messages that are delivered twice, damaged, or under a wrong clock."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from producer.contract import CommandKind, Lane, State, parse_command
from producer.journal import accept
from producer.journal.commands.messages import message, task_message
from tests.crash.stage import Stage
from tests.crash.worker_process import Worker, wait_until

pytestmark = pytest.mark.crash


def test_message_delivered_twice_at_the_same_moment(stage: Stage) -> None:
    """Two workers that receive the same message at once execute its command once."""
    commands = []
    for _ in range(20):
        customer = stage.customer()
        fields = {"userId": customer, "default_source": stage.card(customer)}
        order = parse_command(CommandKind.SET_DEFAULT_CARD, fields)
        command = str(uuid4())
        stage.journal(accept(order, command_id=command, message_received=True))
        copy = task_message(order, command, Lane.INTERACTIVE.value)
        with stage.redis.pipeline() as both:
            for lane in Lane:
                both.lpush(lane.value, copy)
            both.execute()
        commands.append(command)
    for command in commands:
        assert stage.ended(command, State.SUCCEEDED).attempts == 1
    stage.idle()
    for command in commands:
        assert len(stage.requests(command)) == 1


def test_message_delivered_again_while_at_stripe(
    stage: Stage, victim: Worker, keeper: Worker
) -> None:
    """A copy that arrives while the command is at Stripe starts no second request."""
    customer = stage.customer()
    fields = {"userId": customer, "default_source": stage.card(customer)}
    order = parse_command(CommandKind.SET_DEFAULT_CARD, fields)
    hold = stage.hold(customer, "before")
    command = stage.set_default(customer)
    hold.wait()
    for lane in Lane:
        stage.redis.lpush(lane.value, task_message(order, command, lane.value))
    receipts = f"[{command}] received"
    wait_until(
        lambda: victim.log.count(receipts) + keeper.log.count(receipts) == 3,
        "the copies are not received",
    )
    hold.release()
    assert stage.ended(command, State.SUCCEEDED).attempts == 1
    assert len(stage.requests(command)) == 1


def test_clock_that_jumps(stage: Stage, victim: Worker, keeper: Worker) -> None:
    """A worker whose wall clock jumps by five minutes claims nothing that others execute.

    For Celery every unacknowledged bare message then exceeds its visibility timeout, and returns.
    """
    held, other = stage.customer(), stage.customer()
    hold = stage.hold(held, "after")
    command, queue = str(uuid4()), Lane.INTERACTIVE.value
    fields = {"userId": held, "default_source": stage.card(held)}
    stage.redis.lpush(queue, message(CommandKind.SET_DEFAULT_CARD.value, command, fields, queue))
    hold.wait()
    with stage.clock_jump(keeper):
        victim.wait_for_receipts(command, 2)
        wait_until(lambda: not stage.unacknowledged(), "the copy is not acknowledged")
        commands = [stage.set_default(other, number, Lane.BULK) for number in (2, 1, 2)]
        for one in commands:
            stage.ended(one, State.SUCCEEDED)
        assert stage.status(command).state is State.RUNNING
        hold.release()
        assert stage.ended(command, State.SUCCEEDED).attempts == 1
    assert len(stage.requests(command)) == 1
    assert stage.applied(other) == commands


SECRETS = ("tok_secret1234567890", "4242424242424242")


def damaged() -> dict[str, str]:
    """Messages that no worker can execute, with secrets in them."""
    fields = {"userId": "cus_1", "source": SECRETS[0], "number": SECRETS[1]}
    good = json.loads(message("AssignCard", str(uuid4()), fields, "interactive"))
    return {
        "unknown task": message("ChargeCard", str(uuid4()), fields, "interactive"),
        "body is no JSON": json.dumps({**good, "body": "{tok_secret"}),
        "body is no task": json.dumps({**good, "body": json.dumps(SECRETS)}),
        "body is a number": json.dumps({**good, "body": "1"}),
        "no id": json.dumps({**good, "headers": {"task": "AssignCard"}}),
        "no headers": json.dumps({**good, "headers": {}}),
        "pickle": json.dumps({**good, "content-type": "application/x-python-serialize"}),
    }


def test_damaged_messages(stage: Stage, victim: Worker) -> None:
    """Damaged messages are dropped; no log shows their secrets and no worker ends."""
    starts, since = victim.starts, len(victim.log)
    with stage.redis.pipeline() as at_once:
        for bad in damaged().values():
            at_once.lpush(Lane.INTERACTIVE.value, bad)
        at_once.execute()
    stage.ended(stage.set_default(stage.customer()), State.SUCCEEDED)
    stage.idle()
    logged = victim.log[since:]
    assert not [secret for secret in SECRETS if secret in logged]
    assert victim.starts == starts


def test_command_whose_message_was_damaged(stage: Stage, victim: Worker) -> None:
    """An accepted command whose message is garbled in the queue is found again."""
    victim.pause()
    wait_until(victim.stopped, "the victim does not stop")
    # The stopped worker has requested one message already.
    stage.redis.lpush(Lane.INTERACTIVE.value, damaged()["unknown task"])
    wait_until(lambda: not stage.messages(Lane.INTERACTIVE), "the message is not fetched")
    command = stage.set_default(stage.customer())
    assert stage.messages(Lane.INTERACTIVE) == 1
    stage.redis.lset(Lane.INTERACTIVE.value, 0, "{tok_secret1234567890")
    since, pid = len(victim.log), victim.pid
    victim.resume()
    stage.ended(command, State.SUCCEEDED)
    assert len(stage.requests(command)) == 1
    assert victim.pid == pid
    assert SECRETS[0] not in victim.log[since:]

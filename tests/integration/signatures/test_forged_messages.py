"""Messages pushed directly into Redis have no effect at a worker that requires signatures."""

from __future__ import annotations

import json
from functools import partial
from uuid import uuid4

import pytest

from producer.contract import Lane, State
from producer.journal import read_answer
from producer.journal.commands.messages import (
    LIST_CARDS,
    READ_CUSTOMER,
    batch_message,
    message,
)
from producer.journal.commands.reads import request_customer, request_read
from producer.journal.operations.dead_letters import DeadReason
from producer.security.command_signatures import UNSIGNED
from tests.crash.worker_process import wait_until
from tests.integration.signatures.forging import (
    FOREIGN,
    MAX_AGE_S,
    SIGNING,
    Forging,
    changed,
    signed_ago,
    wake,
    with_body,
)

pytestmark = pytest.mark.crash


def test_signed_commands_are_carried_out(strict: Forging) -> None:
    """Signed commands of either kind are carried out, alone and in a batch."""
    one, two, three = (strict.customer() for _ in range(3))
    command = strict.set_default(one)
    orders = [strict.order(two), strict.order(three)]
    commands = [command, strict.assign(one), *(h.id for h in strict.client.send_many(orders))]
    for each in commands:
        strict.ended(each, State.SUCCEEDED)
        assert len(strict.effects(each)) == 1


def test_an_unsigned_bare_message_is_rejected(strict: Forging) -> None:
    """Celery's `get()` has the envelope, the journal the command, and the operator sees it."""
    customer = strict.customer()
    fields = {"userId": customer, "default_source": strict.card(customer)}
    asked = strict.celery.send_task("SetDefaultCard", kwargs=fields, queue="interactive")
    envelope = asked.get(timeout=45)
    assert (envelope["status"], envelope["code"]) == (False, "signature_missing")
    found = strict.client.status(asked.id)
    assert (found.state, found.http_status) == (State.REJECTED, 403)
    strict.letter(DeadReason.UNSIGNED, asked.id)
    assert strict.sent(customer) == []


def test_a_bare_message_changes_no_command_of_its_id(strict: Forging) -> None:
    """An unsigned message changes no journalled command of its id, ended or waiting."""
    customer, other = strict.customer(), strict.customer()
    ended = strict.set_default(customer)
    before = strict.ended(ended, State.SUCCEEDED)
    waits, _ = strict.journalled(other)
    for command in (ended, waits):
        fields = {"userId": customer, "default_source": strict.card(customer, 1)}
        strict.push(message("SetDefaultCard", command, fields, "interactive"))
        strict.letter(DeadReason.UNSIGNED, command)
    assert strict.client.status(ended) == before
    assert len(strict.requests(ended)) == 1
    assert strict.status(waits).state is State.QUEUED
    assert strict.sent(other) == []


@pytest.mark.parametrize("how", ["unsigned", "of another key", "with another card", "without id"])
def test_a_forged_message_of_a_journalled_command(strict: Forging, how: str) -> None:
    """A forged message does not even wake the command it names."""
    customer = strict.customer()
    command, order = strict.journalled(customer)
    good = wake(order, command, SIGNING)
    forged, reason = {
        "unsigned": (wake(order, command), DeadReason.UNSIGNED),
        "of another key": (wake(order, command, FOREIGN), DeadReason.FORGED),
        "with another card": (with_body(good, order.card, order.card[:-1]), DeadReason.FORGED),
        "without id": (changed(good, cards_journalled=None), DeadReason.FORGED),
    }[how]
    strict.push(forged)
    strict.letter(reason, command)
    assert strict.status(command).state is State.QUEUED
    assert strict.sent(customer) == []
    strict.push(good)
    strict.ended(command, State.SUCCEEDED)


@pytest.mark.parametrize("signing", [UNSIGNED, FOREIGN])
def test_a_forged_batch(strict: Forging, signing: object) -> None:
    """The ids of a forged batch are not read."""
    customer = strict.customer()
    command, _ = strict.journalled(customer)
    assert signing is UNSIGNED or signing is FOREIGN
    strict.push(batch_message([command], "bulk", signing=signing), Lane.BULK)
    reason = DeadReason.UNSIGNED if signing is UNSIGNED else DeadReason.FORGED
    strict.letter(reason, command)
    assert strict.status(command).state is State.QUEUED
    assert strict.sent(customer) == []


def test_a_batch_with_an_added_id(strict: Forging) -> None:
    """A signed batch to which an id was added is rejected."""
    customer = strict.customer()
    command, _ = strict.journalled(customer)
    other = str(uuid4())
    good = batch_message([other], "bulk", signing=SIGNING)
    strict.push(with_body(good, f'"{other}"', f'"{other}","{command}"'), Lane.BULK)
    strict.letter(DeadReason.FORGED, command)
    assert strict.status(command).state is State.QUEUED
    assert strict.sent(customer) == []


@pytest.mark.parametrize("task", [LIST_CARDS, READ_CUSTOMER])
@pytest.mark.parametrize("how", ["unsigned", "forged", "stale"])
def test_a_forged_read(strict: Forging, task: str, how: str) -> None:
    """Cards are not read for a forged message; a signed read is valid for a minute."""
    customer, read = strict.customer(), str(uuid4())
    lane = Lane.INTERACTIVE if task == LIST_CARDS else Lane.BULK
    signing = {"unsigned": UNSIGNED, "forged": FOREIGN, "stale": SIGNING}[how]
    with signed_ago(90):
        text = message(task, read, {"userId": customer}, lane.value, signing=signing)
    strict.redis.set(f"cards:read:{read}", "wanted")
    strict.push(text, lane)
    strict.letter(DeadReason(how), customer)
    assert strict.journal(read_answer(read)) is None
    assert strict.sent(customer) == []


def test_signed_reads_are_answered(strict: Forging) -> None:
    """Signed reads of both kinds are answered."""
    customer = strict.customer()
    first, second = str(uuid4()), str(uuid4())
    strict.journal(request_read(first, customer, signing=SIGNING))
    strict.journal(request_customer(second, customer, with_cards=True, signing=SIGNING))
    for read in (first, second):
        wait_until(partial(strict.journal, read_answer(read)), "no answer")
        answer = strict.journal(read_answer(read))
        assert answer is not None
        assert answer[0] == 200, answer


def test_a_stale_message(strict: Forging) -> None:
    """A stale message is rejected; the sweep finds its command, whose signature is valid."""
    customer = strict.customer()
    command, order = strict.journalled(customer)
    with signed_ago(MAX_AGE_S + 60):
        stale = wake(order, command, SIGNING)
    strict.push(stale)
    strict.letter(DeadReason.STALE, command)
    assert strict.sent(customer) == []
    strict.redis.zadd("cards:queued:interactive", {command: 1})
    strict.redis.hset(f"cards:command:{command}", "accepted", 1)
    strict.ended(command, State.SUCCEEDED)


def test_message_protocol_1_is_rejected(strict: Forging) -> None:
    """A message of Celery's protocol 1 with the journal's header is rejected."""
    customer, command = strict.customer(), str(uuid4())
    fields = {"userId": customer, "default_source": strict.card(customer)}
    body = {"task": "SetDefaultCard", "id": command, "args": [], "kwargs": fields}
    one = json.loads(message("SetDefaultCard", command, fields, "interactive"))
    body["cards-journalled"] = "1"
    strict.push(json.dumps({**one, "headers": {}, "body": json.dumps(body)}))
    strict.answered(command, "signature_missing")
    assert strict.sent(customer) == []


def test_remote_control_takes_no_orders(strict: Forging) -> None:
    """Nobody stops the worker, or has it take from a queue of theirs; it still says that it lives.

    Broadcasts are heard in order, so the answer to a ping tells that those before were heard.
    """
    control, starts = strict.celery.control, strict.one.starts
    control.broadcast("add_consumer", arguments={"queue": "theirs"})
    control.broadcast("cancel_consumer", arguments={"queue": "interactive"})
    control.broadcast("rate_limit", arguments={"task_name": LIST_CARDS, "rate_limit": "1/h"})
    control.shutdown()
    assert control.ping(timeout=5)
    queues = control.inspect(timeout=5).active_queues()
    assert queues is not None
    (served,) = queues.values()
    assert "theirs" not in {one["name"] for one in served}
    assert strict.one.starts == starts
    strict.ended(strict.set_default(strict.customer()), State.SUCCEEDED)

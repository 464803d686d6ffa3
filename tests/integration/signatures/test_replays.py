"""Replays: of signed messages by an attacker, and of failed commands by the operator."""

from __future__ import annotations

import json

import pytest

from producer import CardCommands
from producer.cli.app import run
from producer.client.errors import NotVouchedFor
from producer.contract import Lane, State
from producer.journal.commands.messages import batch_message
from producer.journal.commands.redeliveries import repeats
from producer.journal.operations.dead_letters import DeadReason
from producer.security.command_signatures import DAY_S, UNSIGNED, Flaw
from tests.crash.worker_process import wait_until
from tests.integration.signatures.forging import (
    KEY,
    SIGNING,
    Forging,
    changed,
    signed_ago,
    wake,
)

pytestmark = pytest.mark.crash


def test_a_replayed_message_has_no_effect(strict: Forging) -> None:
    """Of a command that has ended nothing changes but a count; of one that is gone it is refused.

    Alone, and in a batch.
    """
    customer = strict.customer()
    command, order = strict.journalled(customer)
    text, batch = wake(order, command, SIGNING), batch_message([command], "bulk", signing=SIGNING)
    strict.push(text)
    before, row = strict.ended(command, State.SUCCEEDED), strict.row(command)
    counted = strict.journal(repeats())
    sent = strict.sent(customer)
    for _ in range(3):
        strict.push(text)
    strict.push(batch, Lane.BULK)

    def more(lane: Lane, count: int) -> bool:
        now = strict.journal(repeats())
        return now.get(lane.value, 0) == counted.get(lane.value, 0) + count

    wait_until(lambda: more(Lane.INTERACTIVE, 3) and more(Lane.BULK, 1), "they are not counted")
    assert strict.client.status(command) == before
    assert strict.row(command) == row
    strict.redis.delete(f"cards:command:{command}", f"celery-task-meta-{command}")
    strict.push(text)
    strict.letter(DeadReason.ABSENT, command)
    strict.push(changed(text, cards_journalled=None))
    strict.letter(DeadReason.FORGED, command)
    strict.push(changed(text, cards_journalled=None, cards_signature=None))
    strict.answered(command, "signature_missing")
    strict.idle()
    assert strict.sent(customer) == sent
    assert len(strict.effects(command)) == 1


def test_the_operator_replays_a_signed_command(strict: Forging) -> None:
    """A replayed command and its message get new signatures, whatever the age of the old one."""
    customer = strict.customer()
    with signed_ago(10 * DAY_S):
        command = strict.failed(customer)
    before = strict.row(command)["signature"]
    assert strict.client.replay(command) is State.QUEUED
    strict.ended(command, State.SUCCEEDED)
    assert strict.row(command)["signature"] != before
    assert len(strict.effects(command)) == 1


def test_a_changed_row_is_not_signed_again(
    strict: Forging, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failed command whose row was changed stays as it is, and the reason is shown."""
    customer = strict.customer()
    command = strict.failed(customer)
    strict.change_row(command, card=strict.card(customer, 1))
    with pytest.raises(NotVouchedFor) as refused:
        strict.client.replay(command)
    assert refused.value.flaw is Flaw.INVALID
    monkeypatch.setenv("REDIS_URL", strict.valkey.url)
    monkeypatch.setenv("CARDS_SIGNING_KEYS", KEY)
    assert run(["failed", "replay", command, "--json"]) == 1
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["code"] == "signature_invalid"
    assert run(["failed", "replay", "--filter", f"customer={customer}", "--yes", "--json"]) == 1
    assert strict.status(command).state is State.FAILED
    assert strict.sent(customer) == []


def test_an_unsigned_row_is_signed_by_a_replay_during_rollout(strict: Forging) -> None:
    """During the rollout the operator may replay commands that failed before there were keys."""
    customer = strict.customer()
    command = strict.failed(customer, UNSIGNED)
    with pytest.raises(NotVouchedFor) as refused:
        strict.client.replay(command)
    assert refused.value.flaw is Flaw.MISSING
    with CardCommands(strict.valkey.url, signing=SIGNING) as cards:
        assert cards.replay(command) is State.QUEUED
    strict.ended(command, State.SUCCEEDED)


def test_a_replay_without_keys_signs_nothing(strict: Forging) -> None:
    """Its message is rejected; the row keeps its signature, and the sweep finds it."""
    customer = strict.customer()
    command = strict.failed(customer)
    before = strict.row(command)["signature"]
    with CardCommands(strict.valkey.url) as cards:
        assert cards.replay(command) is State.QUEUED
    strict.letter(DeadReason.UNSIGNED, command)
    assert strict.row(command)["signature"] == before
    strict.ended(command, State.SUCCEEDED)


def test_a_replay_keeps_its_senders_name(strict: Forging) -> None:
    """The sender's name is signed too."""
    customer = strict.customer()
    command, _ = strict.journalled(customer, sender="billing")
    strict.redis.delete(f"cards:pending:{customer}")
    strict.change_row(command, state="failed", finished=1, http=502, code="x", tries=1)
    assert strict.client.replay(command) is State.QUEUED
    strict.ended(command, State.SUCCEEDED)
    assert strict.row(command)["sender"] == "billing"

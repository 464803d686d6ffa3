"""Which messages reach Celery, by their signatures."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import uuid4

import pytest

from producer.contract import SetDefaultCard
from producer.journal.commands.messages import (
    BATCH,
    LIST_CARDS,
    READ_CUSTOMER,
    batch_message,
    message,
    task_message,
)
from producer.journal.commands.signed import JOURNALLED, SIGNATURE
from producer.journal.operations.dead_letters import DeadReason, dead_letter
from producer.security.command_signatures import UNSIGNED, Signing
from worker.messages.signatures import MessageSignatures
from worker.messages.validation import Admitted, Dead, admit, admit_other
from worker.tasks import _delivery

KEY, OTHER = "k" * 32, "x" * 32
SIGNING = Signing.of(KEY)
DEMANDED = Signing(SIGNING.keys, required=True)
ORDER = SetDefaultCard(customer="cus_1", card="card_1")
READ = {"userId": "cus_1"}
KINDS = {
    "command": lambda signing: task_message(ORDER, str(uuid4()), "bulk", signing=signing),
    "batch": lambda signing: batch_message([str(uuid4())], "bulk", signing=signing),
    LIST_CARDS: lambda signing: message(LIST_CARDS, "r", READ, "bulk", signing=signing),
    READ_CUSTOMER: lambda signing: message(READ_CUSTOMER, "r", READ, "bulk", signing=signing),
}


def refused(signing: Signing, text: str) -> DeadReason | None:
    """Why the message is dead-lettered; None if it is not."""
    try:
        MessageSignatures(signing).check(admit(text.encode(), "bulk"), of_tasks=True)
    except Dead as dead:
        return dead.reason
    return None


@pytest.mark.parametrize("kind", KINDS)
def test_admission_by_signing_mode(kind: str) -> None:
    """Without keys all pass; with keys valid or unsigned ones; if required, only signed ones."""
    unsigned, signed = KINDS[kind](UNSIGNED), KINDS[kind](SIGNING)
    forged = KINDS[kind](Signing.of(OTHER))
    for text in (unsigned, signed, forged):
        assert refused(UNSIGNED, text) is None
    assert [refused(SIGNING, one) for one in (unsigned, signed)] == [None, None]
    assert [refused(DEMANDED, one) for one in (unsigned, signed)] == [DeadReason.UNSIGNED, None]
    for signing in (SIGNING, DEMANDED):
        assert refused(signing, forged) is DeadReason.FORGED


@pytest.mark.parametrize(
    ("kind", "age"), [("command", 700_000), ("batch", 700_000), (LIST_CARDS, 61)]
)
def test_a_message_expires(kind: str, age: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command's message is valid as long as it may wait, a read's as long as its caller waits."""
    text = KINDS[kind](SIGNING)
    assert refused(SIGNING, text) is None
    now = time.time()
    monkeypatch.setattr("worker.messages.signatures.time.time", lambda: now + age)
    assert refused(SIGNING, text) is DeadReason.STALE


def test_a_bare_message_is_admitted_to_be_answered() -> None:
    """A bare message is admitted: its sender waits for a result, which the handler gives."""
    bare = message("SetDefaultCard", str(uuid4()), ORDER.kwargs(), "bulk")
    assert refused(DEMANDED, bare) is None


def test_a_signed_message_cannot_be_made_bare() -> None:
    """The journal's header is signed too: without it a replayed message would be accepted again."""
    one = json.loads(KINDS["command"](SIGNING))
    del one["headers"][JOURNALLED]
    assert refused(SIGNING, json.dumps(one)) is DeadReason.FORGED
    del one["headers"][SIGNATURE]
    assert refused(DEMANDED, json.dumps(one)) is None  # a bare message: the handler refuses it


def protocol_1(task: str, kwargs: dict[str, Any], **more: Any) -> str:
    """A message of Celery's protocol 1."""
    body = {"task": task, "id": str(uuid4()), "args": [], "kwargs": kwargs, **more}
    one = json.loads(message(task, "x", kwargs, "bulk"))
    return json.dumps({**one, "headers": {}, "body": json.dumps(body)})


def test_protocol_1_cannot_bypass_signatures() -> None:
    """In protocol 1 all headers are in the body; the journal's header there is ignored."""
    text = protocol_1("SetDefaultCard", ORDER.kwargs(), **{JOURNALLED: "1", SIGNATURE: "1.1.x"})
    admitted = admit(text.encode(), "bulk")
    MessageSignatures(DEMANDED).check(admitted, of_tasks=True)
    body = admitted.body
    delivery = _delivery(ORDER.kind, body["id"], {}, body, [], ORDER.kwargs())
    assert not delivery.journalled
    assert refused(DEMANDED, protocol_1(LIST_CARDS, READ)) is DeadReason.UNSIGNED
    batch = protocol_1(BATCH, {"ids": ["a"]}, **{JOURNALLED: "1"})
    assert refused(DEMANDED, batch) is DeadReason.UNSIGNED


@pytest.mark.parametrize("text", [KINDS["command"](SIGNING), protocol_1(LIST_CARDS, READ)])
def test_another_queue_cannot_bypass_signatures(text: str) -> None:
    """Task messages on other queues, which a worker may be made to consume, are refused."""
    checks = MessageSignatures(DEMANDED)
    with pytest.raises(Dead):
        checks.check(admit_other(text.encode()), of_tasks=False)
    other = Admitted(json.loads(text))
    other["headers"], other.body = {}, {"method": "ping"}
    checks.check(other, of_tasks=False)


def test_what_is_shown_of_it_holds_no_token() -> None:
    """The excerpt of a dead letter is redacted, whatever the body."""
    text = message("AssignCard", "i", {"userId": "cus_1", "source": "tok_secret1"}, "bulk")
    one = json.loads(text)
    one["headers"][SIGNATURE] = "1.1." + "A" * 43
    with pytest.raises(Dead) as dead:
        MessageSignatures(SIGNING).check(admit(json.dumps(one).encode(), "bulk"), of_tasks=True)
    assert dead.value.shown is not None
    letter = dead_letter("bulk", dead.value.reason, b"raw", dead.value.shown)
    assert "cus_1" in letter.excerpt
    assert "secret1" not in letter.excerpt

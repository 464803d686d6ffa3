"""What is on the wire, against files that other programs may rely on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery
from kombu.transport.virtual import Channel
from kombu.transport.virtual import Message as VirtualMessage

from producer.contract import (
    AssignCard,
    CommandKind,
    CommandStatus,
    Envelope,
    SetDefaultCard,
    State,
    parse_command,
)
from producer.journal import messages
from producer.journal.messages import JOURNALLED, task_message
from producer.journal.results import celery_result, envelope_of
from tests.contract.decoding import decode

GOLDEN = Path(__file__).parent / "golden"
KINDS = {"assign-card": CommandKind.ASSIGN_CARD, "set-default-card": CommandKind.SET_DEFAULT_CARD}
ENVELOPES = sorted(path.name for path in GOLDEN.glob("*.envelope.json"))
STATUSES = sorted(path.name for path in GOLDEN.glob("*.status.json"))
# Celery writes these although they say nothing; `celery.app.task.Context` has the same defaults.
SAID_BY_DEFAULT: dict[str, Any] = {
    "replaced_task_nesting": 0,
    "stamped_headers": None,
    "stamps": {},
}


def golden(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text("utf-8"))


def order(name: str) -> AssignCard | SetDefaultCard:
    return parse_command(KINDS[name], golden(f"{name}.kwargs.json"))


@pytest.mark.parametrize("name", KINDS)
def test_kwargs_still_decode(name: str) -> None:
    """Keyword arguments that were ever sent make the same command, and encode back the same."""
    fields = golden(f"{name}.kwargs.json")
    assert order(name).kwargs() == fields
    assert type(order(name)).model_validate(fields) == order(name)


@pytest.mark.parametrize("name", KINDS)
def test_messages_still_decode(name: str) -> None:
    """A message that waits in a queue is understood by this version, as Kombu reads it."""
    raw = golden(f"{name}.message.json")
    received = VirtualMessage(raw, channel=Channel.__new__(Channel))
    args, kwargs, _ = json.loads(
        Channel.decode_body(
            Channel.__new__(Channel), raw["body"], raw["properties"]["body_encoding"]
        )
    )
    assert received.headers["task"] == KINDS[name].value
    assert received.headers["id"] == received.properties["correlation_id"]
    assert args == []
    assert parse_command(CommandKind(received.headers["task"]), kwargs) == order(name)


@pytest.mark.parametrize("name", KINDS)
def test_messages_are_written_as_ever(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message of a command is, byte for byte of its content, the one on file."""
    expected = golden(f"{name}.message.json")
    tag = expected["properties"]["delivery_tag"]
    monkeypatch.setattr(messages, "uuid4", lambda: tag)
    monkeypatch.setattr(messages, "_origin", lambda: expected["headers"]["origin"])
    queue = expected["properties"]["delivery_info"]["routing_key"]
    written = task_message(order(name), expected["headers"]["id"], queue)
    assert json.loads(written) == expected


@pytest.mark.parametrize("name", KINDS)
def test_messages_are_celerys_own(name: str, redis_url: str) -> None:
    """Field by field, the message is what `app.send_task` publishes for the same command."""
    command_id = golden(f"{name}.message.json")["headers"]["id"]
    app = Celery(broker=redis_url, backend=redis_url, set_as_current=False)
    app.send_task(
        KINDS[name].value,
        kwargs=order(name).kwargs(),
        task_id=command_id,
        queue="interactive",
        ignore_result=True,
    )
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        (published,) = client.lrange("interactive", 0, -1)
    app.close()
    ours = task_message(order(name), command_id, "interactive")
    assert decode(ours)[1] == decode(published)[1]
    assert comparable(ours) == comparable(published)


def comparable(raw: str) -> dict[str, Any]:
    """The message without its body, and without what differs by design."""
    message: dict[str, Any] = json.loads(raw)
    del message["body"]
    headers, properties = message["headers"], message["properties"]
    headers.pop(JOURNALLED, None)
    for name, default in SAID_BY_DEFAULT.items():
        assert headers.pop(name, default) == default
    headers.pop("kwargsrepr")  # ours has its token redacted
    assert headers.pop("origin")
    # Celery offers a queue for RPC results, which this results backend does not use.
    properties.pop("reply_to")
    assert properties.pop("delivery_tag")
    return message


@pytest.mark.parametrize("name", KINDS)
def test_the_token_is_not_in_what_flower_shows(name: str) -> None:
    """The representation of the arguments holds no single-use token."""
    headers = golden(f"{name}.message.json")["headers"]
    token = golden("assign-card.kwargs.json")["source"]
    assert token not in headers["kwargsrepr"]
    assert token not in headers["argsrepr"]


@pytest.mark.parametrize("name", ENVELOPES)
def test_envelopes_still_decode(name: str) -> None:
    """An envelope on file decodes, encodes back the same, and survives Celery's results backend."""
    wire = golden(name)
    assert Envelope.model_validate(wire).model_dump() == wire
    assert envelope_of(celery_result("an-id", Envelope.model_validate(wire))) == wire


@pytest.mark.parametrize("name", STATUSES)
def test_statuses_still_decode(name: str) -> None:
    """A status on file decodes and encodes back the same, fields and times included."""
    wire = golden(name)
    status = CommandStatus.model_validate(wire)
    assert status.wire() == wire
    assert status.ended is (status.result is not None)


def test_every_state_is_on_file() -> None:
    """No state is without its file."""
    assert {name.removesuffix(".status.json") for name in STATUSES} == {s.value for s in State}

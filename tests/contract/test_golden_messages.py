"""Messages and answers, compared with files that other programs may rely on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery, Task
from celery.worker.request import Request
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
from producer.journal.commands import messages
from producer.journal.commands.messages import task_message
from producer.journal.commands.results import celery_result, envelope_of

GOLDEN = Path(__file__).parent / "golden"
KINDS = {"assign-card": CommandKind.ASSIGN_CARD, "set-default-card": CommandKind.SET_DEFAULT_CARD}
ENVELOPES = sorted(path.name for path in GOLDEN.glob("*.envelope.json"))
STATUSES = sorted(path.name for path in GOLDEN.glob("*.status.json"))
# The second is the form of earlier versions, with all of Celery's headers.
FORMS = ("message", "message-in-full")
SEEN = (
    "id",
    "name",
    "args",
    "kwargs",
    "eta",
    "expires",
    "time_limits",
    "ignore_result",
    "delivery_info",
)


def golden(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text("utf-8"))


def order(name: str) -> AssignCard | SetDefaultCard:
    return parse_command(KINDS[name], golden(f"{name}.kwargs.json"))


@pytest.mark.parametrize("name", KINDS)
def test_kwargs_still_decode(name: str) -> None:
    """Keyword arguments on file decode to the same command, and encode back unchanged."""
    fields = golden(f"{name}.kwargs.json")
    assert order(name).kwargs() == fields
    assert type(order(name)).model_validate(fields) == order(name)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", KINDS)
def test_messages_still_decode(name: str, form: str) -> None:
    """A message on file is decoded by this version, as Celery reads it."""
    request = as_a_worker_sees(golden(f"{name}.{form}.json"))
    assert request["args"] == []
    assert parse_command(CommandKind(request["name"]), request["kwargs"]) == order(name)


@pytest.mark.parametrize("name", KINDS)
def test_messages_are_written_unchanged(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message of a command has exactly the content on file."""
    expected = golden(f"{name}.message.json")
    tag = expected["properties"]["delivery_tag"]
    monkeypatch.setattr(messages, "token_urlsafe", lambda _: tag)
    queue = expected["properties"]["delivery_info"]["routing_key"]
    written = task_message(order(name), expected["headers"]["id"], queue)
    assert json.loads(written) == expected


@pytest.mark.parametrize("name", KINDS)
def test_a_worker_reads_messages_as_celerys_own(name: str, redis_url: str) -> None:
    """A Celery worker reads our message as it reads the one of `app.send_task`."""
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
    assert as_a_worker_sees(json.loads(ours)) == as_a_worker_sees(json.loads(published))
    # The form is short on purpose: messages are most of what queued commands take in Redis.
    assert len(ours) < len(published) / 2


def as_a_worker_sees(raw: dict[str, Any]) -> dict[str, Any]:
    """What a worker reads of a message, by Kombu's transport and Celery's request."""
    message = VirtualMessage(raw, channel=Channel.__new__(Channel), accept=["application/json"])
    app = Celery(set_as_current=False)
    app.conf.task_ignore_result = True
    app.register_task(type("Named", (Task,), {"name": raw["headers"]["task"]})())
    request = Request(message, app=app)
    seen = {name: getattr(request, name) for name in SEEN}
    # No priority is priority 0 (kombu.transport.virtual.Channel._get_message_priority).
    seen["delivery_info"]["priority"] = seen["delivery_info"]["priority"] or 0
    seen["time_limits"] = tuple(seen["time_limits"])
    return {**seen, "embed": {k: v for k, v in message.payload[2].items() if v is not None}}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", KINDS)
def test_the_token_is_in_no_header(name: str, form: str) -> None:
    """Only the body, which workers redact, has a single-use token."""
    message = golden(f"{name}.{form}.json")
    token = golden("assign-card.kwargs.json")["source"]
    assert token not in json.dumps([message["headers"], message["properties"]])


@pytest.mark.parametrize("name", ENVELOPES)
def test_envelopes_still_decode(name: str) -> None:
    """An envelope on file decodes, encodes back unchanged, and passes Celery's result backend."""
    wire = golden(name)
    assert Envelope.model_validate(wire).model_dump() == wire
    assert envelope_of(celery_result("an-id", Envelope.model_validate(wire))) == wire


@pytest.mark.parametrize("name", STATUSES)
def test_statuses_still_decode(name: str) -> None:
    """A status on file decodes and encodes back unchanged, including fields and times."""
    wire = golden(name)
    status = CommandStatus.model_validate(wire)
    assert status.wire() == wire
    assert status.ended is (status.result is not None)


def test_every_state_is_on_file() -> None:
    """Every state has a file."""
    assert {name.removesuffix(".status.json") for name in STATUSES} == {s.value for s in State}

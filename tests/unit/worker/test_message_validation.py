"""Validation: which messages of a queue reach Celery, and which are dead-lettered."""

from __future__ import annotations

import base64
import json
import zlib
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from celery import Celery
from hypothesis import given
from hypothesis import strategies as st
from kombu.transport.virtual.base import Channel as VirtualChannel
from kombu.utils.json import dumps

from producer.contract.card_data.excerpts import EXCERPT_BYTES, excerpt
from producer.journal.commands.messages import BATCH, TASKS, batch_message, message
from tests.garbage import NUMBER, TOKEN, good, kinds
from worker.celery.transport import Message
from worker.messages.validation import Dead, admit, admit_any
from worker.tasks import register_tasks

_KINDS = kinds()


def _decoded(body: Any, encoding: str | None) -> Any:
    return VirtualChannel.decode_body(cast(VirtualChannel, VirtualChannel), body, encoding)


# As in a worker, with a channel that is not connected.
_CHANNEL = SimpleNamespace(decode_body=_decoded)
_SPLINTERS = [b"[", b"{", b'"', b"null", b"\\", b"[]", b"\xff", b"\\ud800", b"1e999", b"NaN", b","]
_NAMES = (
    *(
        "task",
        "id",
        "timelimit",
        "eta",
        "expires",
        "shadow",
        "stamps",
        "stamped_headers",
        "retries",
    ),
    *("compression", "delivery_tag", "delivery_info", "body_encoding", "priority", "reply_to"),
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def test_there_are_many_kinds() -> None:
    """The table has the messages that ended workers, and many others."""
    assert len(_KINDS) >= 80


@pytest.mark.parametrize("kind", _KINDS)
def test_garbage_is_dead_lettered(kind: str) -> None:
    """Each kind is refused, with its reason."""
    raw, reason = _KINDS[kind]
    with pytest.raises(Dead) as dead:
        admit(raw, "interactive")
    assert dead.value.reason is reason


@pytest.mark.parametrize("kind", _KINDS)
def test_an_excerpt_shows_no_secret(kind: str) -> None:
    """An excerpt is short, and has neither token nor card number."""
    raw, _ = _KINDS[kind]
    with pytest.raises(Dead) as dead:
        admit(raw, "interactive")
    shown = excerpt(raw if dead.value.shown is None else dead.value.shown)
    assert TOKEN not in shown
    assert NUMBER not in shown
    assert len(shown.encode()) <= EXCERPT_BYTES


def test_the_tasks_are_those_of_the_app() -> None:
    """Validation knows exactly the tasks that a worker registers."""
    app = Celery(set_as_current=False)
    register_tasks(app, lambda: None)  # type: ignore[arg-type, return-value]
    assert {name for name in app.tasks if not name.startswith("celery.")} == TASKS


def _sent(protocol: int, **options: Any) -> bytes:
    """A message as Celery writes it to a queue in Redis."""
    app = Celery(set_as_current=False)
    app.conf.task_protocol = protocol
    sender = app.amqp.as_task_v1 if protocol == 1 else app.amqp.as_task_v2
    sent = sender(str(uuid4()), "AssignCard", kwargs={"userId": "cus_1", "source": "tok_1"})
    body, headers = json.dumps(sent.body).encode(), dict(sent.headers)
    if options.get("compressed"):
        body, headers["compression"] = zlib.compress(body), "application/x-gzip"
    return dumps(
        {
            "body": base64.b64encode(body).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": headers,
            "properties": {
                **sent.properties,
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": "interactive"},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": str(uuid4()),
            },
        }
    ).encode()


@pytest.mark.parametrize("protocol", [1, 2])
@pytest.mark.parametrize("compressed", [False, True])
def test_celerys_messages_are_admitted(protocol: int, compressed: bool) -> None:
    """Messages of either protocol, compressed or not, keep their arguments."""
    admitted = admit(_sent(protocol, compressed=compressed), "interactive")
    kwargs = admitted.body["kwargs"] if protocol == 1 else admitted.body[1]
    assert kwargs == {"userId": "cus_1", "source": "tok_1"}


def test_our_messages_are_admitted() -> None:
    """Our own messages, of one command or many, are admitted with their bodies parsed."""
    one = admit(message("AssignCard", "an id", {"userId": "cus_1"}, "bulk").encode(), "bulk.3")
    assert one.body == [[], {"userId": "cus_1"}, {}]
    assert one["properties"]["delivery_info"] == {"exchange": "", "routing_key": "bulk.3"}
    ids = [str(uuid4()) for _ in range(50)]
    assert admit(batch_message(ids, "bulk").encode(), "bulk").body[1] == {"ids": ids}


def test_wrong_arguments_of_a_command_are_admitted() -> None:
    """Wrong arguments of a command are reported to its sender: the command is rejected."""
    for fields in ({"userId": 5}, {"userId": [1], "x": {"\ud800": None}}, {"source": NUMBER}):
        assert admit(json.dumps(good("AssignCard", **fields)).encode(), "bulk").body[1] == fields


def test_a_uuid_as_id_becomes_text() -> None:
    """An id given as a UUID becomes its text."""
    ident, one = uuid4(), good()
    one["headers"]["id"] = ident
    assert admit(dumps(one).encode(), "bulk")["headers"]["id"] == str(ident)
    assert isinstance(ident, UUID)


@given(st.binary(max_size=300))
def test_any_bytes_are_admitted_or_dead(raw: bytes) -> None:
    """Any bytes raise at most `Dead`, and their excerpt can be stored."""
    with pytest.raises(Dead):
        admit(raw, "bulk")
    excerpt(raw).encode()


@given(
    st.sampled_from(["body", "headers", "properties", "content-type", "content-encoding"]), _JSON
)
def test_any_part_is_admitted_or_dead(part: str, value: Any) -> None:
    """A message with any value as one of its parts raises at most `Dead`."""
    _admit_or_dead({**good(), part: value})


@given(st.sampled_from(["headers", "properties"]), st.sampled_from(_NAMES), _JSON)
def test_any_header_is_admitted_or_dead(where: str, name: str, value: Any) -> None:
    """A message with any header or property raises at most `Dead`."""
    one = good()
    one[where] = {**one[where], name: value}
    _admit_or_dead(one)


@given(_JSON, st.sampled_from(sorted(TASKS)))
def test_any_body_is_admitted_or_dead(body: Any, task: str) -> None:
    """A message with any body raises at most `Dead`."""
    _admit_or_dead({**good(task), "body": json.dumps(body)})
    _admit_or_dead({**good(task), "headers": {}, "body": json.dumps(body)})


@given(st.lists(_JSON, max_size=4))
def test_any_ids_are_names_or_dead(ids: list[Any]) -> None:
    """Only ids that Redis can look up are admitted."""
    with suppress(Dead):
        for one in admit(json.dumps(good(BATCH, ids=ids)).encode(), "bulk").body[1]["ids"]:
            one.encode()


@given(
    st.sampled_from([good(), good(BATCH, ids=["a", "b"])]),
    st.lists(
        st.tuples(
            st.floats(0, 1), st.integers(0, 5), st.binary(max_size=3) | st.sampled_from(_SPLINTERS)
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_a_message_with_other_bytes_is_admitted_or_dead(
    one: dict[str, Any], changes: list[tuple[float, int, bytes]]
) -> None:
    """A message in which some bytes are replaced raises at most `Dead`."""
    raw = json.dumps(one).encode()
    for place, lost, instead in changes:
        at = int(place * len(raw))
        raw = raw[:at] + instead + raw[at + lost :]
    _through_the_gate(raw)


def _admit_or_dead(one: dict[str, Any]) -> None:
    _through_the_gate(json.dumps(one).encode())


def _through_the_gate(raw: bytes) -> None:
    """Kombu reads every admitted message without an error, and can store it."""
    with suppress(Dead):
        admit_any(raw)
    with suppress(Dead):
        admitted = admit(raw, "bulk")
        made: Any = Message(admitted, channel=_CHANNEL)
        assert not made.errors
        assert made.payload == admitted.body
        dumps([made._raw, "", "bulk"]).encode()
        made.delivery_tag.encode()

"""What Celery shows of a message that is in a worker's hand."""

from __future__ import annotations

import json

import pytest
from celery import Celery, Task
from kombu.transport.virtual import Channel, Message

from producer.journal.commands.messages import message
from worker.celery.redacted_request import RedactedRequest

TOKEN, NUMBER = "tok_1QRs9eKZ4xUzN2TP9vQqWXYZ", "4242424242424242"


@pytest.fixture
def request_in_hand() -> RedactedRequest:
    app = Celery(set_as_current=False)
    app.register_task(type("Named", (Task,), {"name": "AssignCard"})())
    raw = json.loads(message("AssignCard", "an-id", {"source": TOKEN, "n": NUMBER}, "bulk"))
    return RedactedRequest(Message(raw, channel=Channel.__new__(Channel)), app=app)


@pytest.mark.parametrize("safe", [True, False])
def test_inspect_shows_no_secret(request_in_hand: RedactedRequest, safe: bool) -> None:
    """`celery inspect active` and Flower's page of a worker show arguments, without the secrets."""
    told = repr(request_in_hand.info(safe))
    assert "'source': 'tok_***'" in told
    assert TOKEN not in told
    assert NUMBER not in told


def test_nor_does_a_log_line(request_in_hand: RedactedRequest) -> None:
    """The representation that Celery logs has none either."""
    assert TOKEN not in repr(request_in_hand)
    assert NUMBER not in repr(request_in_hand)
    # The task itself is given what was sent.
    assert request_in_hand.kwargs == {"source": TOKEN, "n": NUMBER}

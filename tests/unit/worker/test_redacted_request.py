"""What Celery shows of a message that a worker processes."""

from __future__ import annotations

import json

import pytest
from celery import Celery, Task
from kombu.transport.virtual import Channel, Message

from producer.journal.commands.messages import message
from worker.celery.redacted_request import RedactedRequest

TOKEN, NUMBER = "tok_1QRs9eKZ4xUzN2TP9vQqWXYZ", "4242424242424242"


@pytest.fixture
def active_request() -> RedactedRequest:
    app = Celery(set_as_current=False)
    app.register_task(type("Named", (Task,), {"name": "AssignCard"})())
    raw = json.loads(message("AssignCard", "an-id", {"source": TOKEN, "n": NUMBER}, "bulk"))
    return RedactedRequest(Message(raw, channel=Channel.__new__(Channel)), app=app)


@pytest.mark.parametrize("safe", [True, False])
def test_inspect_shows_no_secret(active_request: RedactedRequest, safe: bool) -> None:
    """`celery inspect active` and Flower's page of a worker show arguments without secrets."""
    shown = repr(active_request.info(safe))
    assert "'source': 'tok_***'" in shown
    assert TOKEN not in shown
    assert NUMBER not in shown


def test_a_log_line_shows_no_secret(active_request: RedactedRequest) -> None:
    """The representation that Celery logs has no secret either."""
    assert TOKEN not in repr(active_request)
    assert NUMBER not in repr(active_request)
    # The task itself gets the original arguments.
    assert active_request.kwargs == {"source": TOKEN, "n": NUMBER}

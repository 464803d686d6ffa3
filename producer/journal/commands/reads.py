"""Reads through the workers, which alone hold the Stripe key. Requests expire after 30 s."""

from __future__ import annotations

import json
from typing import Any

from producer.contract import Lane
from producer.journal.commands.messages import LIST_CARDS, READ_CUSTOMER, message
from producer.journal.redis import keys
from producer.journal.redis.calls import Call
from producer.security.command_signatures import UNSIGNED, Signing

_WANTED = "wanted"
_KEEP_MS = 30_000


def request_read(read_id: str, customer: str, *, signing: Signing = UNSIGNED) -> Call[None]:
    """Ask a worker, in the interactive lane, to list a customer's cards."""
    fields = {"userId": customer}
    return _request(LIST_CARDS, read_id, fields, Lane.INTERACTIVE.value, signing)


def request_customer(
    read_id: str,
    customer: str,
    *,
    with_cards: bool,
    with_subscriptions: bool = False,
    lane: Lane = Lane.BULK,
    signing: Signing = UNSIGNED,
) -> Call[None]:
    """Ask a worker for a customer's defaults, and optionally its cards' ids and its subscriptions.

    Costs one Stripe request for the customer, and one or more for each option.
    """
    fields: dict[str, Any] = {"userId": customer, "withCards": with_cards}
    if with_subscriptions:
        fields["withSubscriptions"] = True
    return _request(READ_CUSTOMER, read_id, fields, lane.value, signing)


def _request(
    task: str, read_id: str, fields: dict[str, Any], queue: str, signing: Signing
) -> Call[None]:
    body = message(task, read_id, fields, queue, signing=signing)
    return Call(
        lambda _: None,
        commands=[
            ("SET", keys.read(read_id), _WANTED, "PX", _KEEP_MS),
            ("LPUSH", keys.queue(queue), body),
        ],
    )


def read_wanted(read_id: str) -> Call[bool]:
    """Whether the request has neither an answer nor expired."""
    return Call(lambda answers: answers[0] == _WANTED, commands=[("GET", keys.read(read_id))])


def answer_read(read_id: str, http_status: int, envelope: dict[str, Any]) -> Call[None]:
    """Store the answer, and wake the process that waits for it."""
    answer = json.dumps([http_status, envelope], ensure_ascii=False)
    return Call(
        lambda _: None,
        commands=[
            ("SET", keys.read(read_id), answer, "PX", _KEEP_MS),
            ("PUBLISH", keys.changed(read_id), "read"),
        ],
    )


def read_answer(read_id: str) -> Call[tuple[int, dict[str, Any]] | None]:
    """The answer with its HTTP status, once it is there."""

    def parse(answers: Any) -> tuple[int, dict[str, Any]] | None:
        if answers[0] is None or answers[0] == _WANTED:
            return None
        http_status, envelope = json.loads(answers[0])
        return int(http_status), envelope

    return Call(parse, commands=[("GET", keys.read(read_id))])

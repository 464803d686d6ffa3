"""Attempts and errors for the tests of the handlers."""

from __future__ import annotations

from typing import Any

from producer.contract import AssignCard, SetDefaultCard
from worker.handlers.attempt import Attempt
from worker.ports import Failure, StripeError

CUSTOMER = "cus_1"
NO_CONNECTION = StripeError(Failure.NOT_SENT, "Cannot connect")
NO_ANSWER = StripeError(Failure.NO_ANSWER, "TimeoutError")
UNREADABLE = StripeError(Failure.UNREADABLE, "no body", http_status=200)


def answered(
    status: int,
    code: str | None = None,
    message: str = "Stripe says no.",
    type: str = "invalid_request_error",
    **more: Any,
) -> StripeError:
    """An error that Stripe answered."""
    return StripeError(Failure.ANSWERED, message, http_status=status, type=type, code=code, **more)


LIMITED = answered(429, "rate_limit", rate_limited_reason="global-rate")
LOCKED = answered(429, "lock_timeout")
SERVER_ERROR = answered(500, type="api_error")
KEY_REFUSED = answered(401)
PROCESSING_ERROR = answered(402, "processing_error", type="card_error")


def to_assign(source: str = "tok_1", *, key: str = "key_1", **more: Any) -> Attempt:
    """An attempt of an AssignCard with the id cmd_1."""
    command = AssignCard(customer=CUSTOMER, source=source)
    return Attempt(command, "cmd_1", key, 1, **more)


def to_set_default(card: str = "card_1", *, key: str = "key_1", **more: Any) -> Attempt:
    """An attempt of a SetDefaultCard with the id cmd_1."""
    command = SetDefaultCard(customer=CUSTOMER, card=card)
    return Attempt(command, "cmd_1", key, 1, **more)

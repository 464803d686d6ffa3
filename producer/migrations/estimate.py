"""How many requests a plan comes to, and how long they take."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Endpoint(StrEnum):
    """Named operations of Stripe's API, each with a rate limit of its own (docs: rate-limits)."""

    CREATE_SOURCE = "POST /v1/customers/:id/sources"
    ATTACH_PAYMENT_METHOD = "POST /v1/payment_methods/:id/attach"
    UPDATE_CUSTOMER = "POST /v1/customers/:id"
    READ_CUSTOMER = "GET /v1/customers/:id"


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a second, for the account and for each endpoint."""

    account: float
    endpoint: float


LIVE = Limits(100, 25)
TEST = Limits(25, 25)

"""Stripe's endpoints as its rate limits count them: named operations (docs: rate-limits)."""

from __future__ import annotations

from enum import StrEnum


class Endpoint(StrEnum):
    """An operation with a rate limit of its own, which its requests share whatever the id."""

    SOURCE = "POST /v1/customers/:id/sources"
    ATTACH = "POST /v1/payment_methods/:id/attach"
    DEFAULT = "POST /v1/customers/:id"
    READ_CUSTOMER = "GET /v1/customers/:id"
    READ_SOURCES = "GET /v1/customers/:id/sources"
    READ_PAYMENT_METHOD = "GET /v1/payment_methods/:id"
    READ_SUBSCRIPTIONS = "GET /v1/subscriptions"
    READ_PAYMENT_METHODS = "GET /v1/customers/:id/payment_methods"

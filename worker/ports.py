"""The handlers' port to Stripe, whose failures are values rather than exceptions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, TypeAlias


class Failure(StrEnum):
    """How far a failed request to Stripe came."""

    NOT_SENT = "not_sent"  # no connection was made: it certainly had no effect
    NO_ANSWER = "no_answer"  # sent, and the answer never came: timeout, dropped connection
    UNREADABLE = "unreadable"  # answered, and the body does not parse
    ANSWERED = "answered"  # Stripe answered with an error


@dataclass(frozen=True, slots=True)
class StripeAnswer:
    """Stripe executed the request."""

    body: dict[str, Any]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class StripeError:
    """Stripe did not, or it is unknown. `message` is Stripe's, without tokens or keys."""

    failure: Failure
    message: str
    http_status: int | None = None
    type: str | None = None
    code: str | None = None
    decline_code: str | None = None
    rate_limited_reason: str | None = None
    replayed: bool = False


StripeResult: TypeAlias = StripeAnswer | StripeError


class Permit(Protocol):
    """Permission, from the customer's lease, to send the next request for the customer."""

    def check(self) -> None:
        """Called just before sending.

        Raises:
            LeaseLost: the lease has expired, so another worker may act for this customer.
        """


class CardGateway(Protocol):
    """Stripe's operations on cards. Writes check the permit just before they are sent."""

    async def attach_source(
        self, customer: str, token: str, *, command_id: str, key: str, permit: Permit
    ) -> StripeResult:
        """Create a card source, with `metadata[command_id]`; returns the card."""

    async def attach_payment_method(
        self, customer: str, payment_method: str, *, key: str, permit: Permit
    ) -> StripeResult:
        """Attach a payment method; returns it."""

    async def set_default_source(
        self, customer: str, source: str, *, key: str, permit: Permit
    ) -> StripeResult:
        """Set the customer's `default_source`; returns the customer with sources expanded."""

    async def set_default_payment_method(
        self, customer: str, payment_method: str, *, key: str, permit: Permit
    ) -> StripeResult:
        """Set `invoice_settings.default_payment_method`; returns the customer, likewise."""

    async def customer(self, customer: str) -> StripeResult:
        """Read the customer with sources expanded (a deleted one has `deleted: true`)."""

    async def payment_method(self, payment_method: str) -> StripeResult:
        """Read a payment method."""

    async def sources(self, customer: str) -> StripeResult:
        """Read all sources, every page; returns `{"data": [...]}` in Stripe's order."""

    async def card_payment_methods(self, customer: str) -> StripeResult:
        """Read all card payment methods, every page; returns `{"data": [...]}`."""

    async def subscriptions(self, customer: str) -> StripeResult:
        """Read the subscriptions that are not cancelled, every page; returns `{"data": [...]}`."""

    async def close(self) -> None:
        """Close the connections."""

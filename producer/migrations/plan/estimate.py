"""Estimates a plan's requests to Stripe, and how long they take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from math import ceil

from producer.contract import CommandKind
from producer.settings import whole_number

# Stripe docs, rate-limits: at most 500 GET requests for each payment transaction, counted over 30
# days; every account may make FREE_READS a month.
READS_PER_TRANSACTION = 500
FREE_READS = 10_000


# Bytes that Redis needs for a row's result with and without another id: measured with a million
# rows that end five at a time.
_LONG, _SHORT = 29, 10


class Endpoint(StrEnum):
    """Named operations of Stripe's API, each with a rate limit of its own (docs: rate-limits)."""

    CREATE_SOURCE = "POST /v1/customers/:id/sources"
    ATTACH_PAYMENT_METHOD = "POST /v1/payment_methods/:id/attach"
    UPDATE_CUSTOMER = "POST /v1/customers/:id"
    READ_CUSTOMER = "GET /v1/customers/:id"
    READ_PAYMENT_METHODS = "GET /v1/customers/:id/payment_methods"


class Work(IntEnum):
    """The work at Stripe for a row."""

    ASSIGN_SOURCE = 0
    ASSIGN_PAYMENT_METHOD = 1
    SET_SOURCE = 2
    SET_PAYMENT_METHOD = 3
    REPAIR = 4  # at most: a customer that has a default is only read

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint of the write."""
        return _WRITES[self]

    @property
    def command(self) -> CommandKind:
        """The command that does the work."""
        return CommandKind.SET_DEFAULT_CARD if self.looks_first else CommandKind.ASSIGN_CARD

    @property
    def looks_first(self) -> bool:
        """Whether the customer is read first, unless the migration is blind."""
        return self >= Work.SET_SOURCE


_WRITES = {
    Work.ASSIGN_SOURCE: Endpoint.CREATE_SOURCE,
    Work.ASSIGN_PAYMENT_METHOD: Endpoint.ATTACH_PAYMENT_METHOD,
    Work.SET_SOURCE: Endpoint.UPDATE_CUSTOMER,
    Work.SET_PAYMENT_METHOD: Endpoint.UPDATE_CUSTOMER,
    Work.REPAIR: Endpoint.UPDATE_CUSTOMER,
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a second for the account and for each endpoint; 0 is no limit."""

    account: float
    endpoint: float


def limits_of(environ: Mapping[str, str]) -> Limits | None:
    """Limits by CARDS_STRIPE_RPS and CARDS_STRIPE_ENDPOINT_RPS; None if neither is set.

    Raises:
        SettingsError: a value is no whole number.
    """
    account, endpoint = (
        whole_number(environ, name, 0, low=0, unit="requests a second")
        for name in ("CARDS_STRIPE_RPS", "CARDS_STRIPE_ENDPOINT_RPS")
    )
    return Limits(account, endpoint) if account or endpoint else None


LIVE = Limits(100, 25)
TEST = Limits(25, 25)


def requests(counts: Mapping[Work, int], *, blind: bool) -> dict[Endpoint, int]:
    """Requests by endpoint for the rows of each work, without retries."""
    found = dict.fromkeys(Endpoint, 0)
    for work, count in counts.items():
        found[work.endpoint] += count
        if work.looks_first and not blind:
            found[Endpoint.READ_CUSTOMER] += count
        if work is Work.REPAIR:  # once to decide, and once more before the write
            found[Endpoint.READ_CUSTOMER] += count
            found[Endpoint.READ_PAYMENT_METHODS] += count
    return {endpoint: count for endpoint, count in found.items() if count}


def seconds(of: Mapping[Endpoint, int], limits: Limits) -> float:
    """Duration of the requests if nothing else uses the limits; 0 without limits."""
    account = sum(of.values()) / limits.account if limits.account else 0.0
    busiest = max(of.values(), default=0) / limits.endpoint if limits.endpoint else 0.0
    return max(account, busiest)


def kept_bytes(of: Mapping[Endpoint, int]) -> int:
    """Bytes that Redis keeps for reports on other machines, if all requests succeed.

    Rows with the former default, and sources with their new id, take more.
    """
    long = of.get(Endpoint.READ_CUSTOMER, 0) + of.get(Endpoint.CREATE_SOURCE, 0)
    rows = sum(of.values()) - of.get(Endpoint.READ_CUSTOMER, 0)
    return _LONG * long + _SHORT * max(rows - long, 0)


def transactions_for(reads: int) -> int:
    """Payment transactions in 30 days that allow this many reads; 0 if none are needed."""
    return 0 if reads <= FREE_READS else ceil(reads / READS_PER_TRANSACTION)

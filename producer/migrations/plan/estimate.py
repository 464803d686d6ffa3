"""How many requests a plan comes to, and how long they take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from math import ceil

from producer.contract import CommandKind
from producer.settings import whole_number

# Stripe docs, rate-limits: GET requests are to stay below 500 for each payment transaction, counted
# over 30 days; at least so many are allowed a month.
READS_PER_TRANSACTION = 500
FREE_READS = 10_000


# Bytes that Redis takes for a row's results, with another id and without: measured with rows that
# end five at a time (29 and 10), at a million rows.
_LONG, _SHORT = 29, 10


class Endpoint(StrEnum):
    """Named operations of Stripe's API, each with a rate limit of its own (docs: rate-limits)."""

    CREATE_SOURCE = "POST /v1/customers/:id/sources"
    ATTACH_PAYMENT_METHOD = "POST /v1/payment_methods/:id/attach"
    UPDATE_CUSTOMER = "POST /v1/customers/:id"
    READ_CUSTOMER = "GET /v1/customers/:id"
    READ_PAYMENT_METHODS = "GET /v1/customers/:id/payment_methods"


class Work(IntEnum):
    """What is done at Stripe for a row."""

    ASSIGN_SOURCE = 0
    ASSIGN_PAYMENT_METHOD = 1
    SET_SOURCE = 2
    SET_PAYMENT_METHOD = 3
    REPAIR = 4  # at most: a customer that has a default is only read

    @property
    def endpoint(self) -> Endpoint:
        """Where it is written."""
        return _WRITES[self]

    @property
    def command(self) -> CommandKind:
        """Which command does it."""
        return CommandKind.SET_DEFAULT_CARD if self.looks_first else CommandKind.ASSIGN_CARD

    @property
    def looks_first(self) -> bool:
        """Whether the customer is read before, unless the migration is blind."""
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
    """Requests a second, for the account and for each endpoint; 0 is no limit."""

    account: float
    endpoint: float


def limits_of(environ: Mapping[str, str]) -> Limits | None:
    """Those that CARDS_STRIPE_RPS and CARDS_STRIPE_ENDPOINT_RPS set; None where neither does.

    Raises:
        SettingsError: one of them is no whole number.
    """
    account, endpoint = (
        whole_number(environ, name, 0, low=0, unit="requests a second")
        for name in ("CARDS_STRIPE_RPS", "CARDS_STRIPE_ENDPOINT_RPS")
    )
    return Limits(account, endpoint) if account or endpoint else None


LIVE = Limits(100, 25)
TEST = Limits(25, 25)


def requests(counts: Mapping[Work, int], *, blind: bool) -> dict[Endpoint, int]:
    """Requests by endpoint for so many rows of each work, none of them tried again."""
    found = dict.fromkeys(Endpoint, 0)
    for work, count in counts.items():
        found[work.endpoint] += count
        if work.looks_first and not blind:
            found[Endpoint.READ_CUSTOMER] += count
        if work is Work.REPAIR:  # to decide, and then once more before the write
            found[Endpoint.READ_CUSTOMER] += count
            found[Endpoint.READ_PAYMENT_METHODS] += count
    return {endpoint: count for endpoint, count in found.items() if count}


def seconds(of: Mapping[Endpoint, int], limits: Limits) -> float:
    """How long the requests take at the limits, where nothing else uses them; 0 without limits."""
    account = sum(of.values()) / limits.account if limits.account else 0.0
    busiest = max(of.values(), default=0) / limits.endpoint if limits.endpoint else 0.0
    return max(account, busiest)


def kept_bytes(of: Mapping[Endpoint, int]) -> int:
    """What Redis keeps of the rows for reports elsewhere, where all are done by such requests.

    More of a default that is looked at, with that of before, and of a source, with its new id.
    """
    long = of.get(Endpoint.READ_CUSTOMER, 0) + of.get(Endpoint.CREATE_SOURCE, 0)
    rows = sum(of.values()) - of.get(Endpoint.READ_CUSTOMER, 0)
    return _LONG * long + _SHORT * max(rows - long, 0)


def transactions_for(reads: int) -> int:
    """Payment transactions in 30 days that allow so many reads; 0 where any account may."""
    return 0 if reads <= FREE_READS else ceil(reads / READS_PER_TRANSACTION)

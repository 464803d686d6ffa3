"""Verdicts: the results of attempts, as values that the journal records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from producer.contract.messages import Text
from producer.journal.leases.limits import ACCOUNT

__all__ = [
    "ACCOUNT",
    "ENDPOINT",
    "GaveUp",
    "KeyRefused",
    "Rejected",
    "Succeeded",
    "TryAgain",
    "Verdict",
]

ENDPOINT = "endpoint"


@dataclass(frozen=True, slots=True)
class Succeeded:
    """Stripe executed the command; `data` is the envelope's."""

    text: Text
    data: Any


@dataclass(frozen=True, slots=True)
class Rejected:
    """Stripe refused for good and nothing changed; code, message and status are Stripe's own."""

    code: str
    message: str
    http_status: int


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Not done, or not known to be done; the command is to be retried.

    `uncertain` means that this attempt may have taken effect: nothing else is sent for the customer
    until that is settled. `new_key` asks for a further idempotency key, which is only sound if
    nothing happened. `delay` (seconds) overrides the backoff. `final` is the answer that ends the
    command once its few attempts of this kind are used up. `slow` names what Stripe's limiter
    refused for, ACCOUNT or ENDPOINT: all workers slow down there.
    """

    code: str
    message: str
    uncertain: bool
    new_key: bool = False
    delay: float | None = None
    final: Rejected | None = None
    slow: str = ""


@dataclass(frozen=True, slots=True)
class KeyRefused:
    """Stripe refused our API key (401, 403): claiming stops, and this attempt does not count.

    `uncertain` means that it was refused during the lookup of an earlier request's outcome.
    """

    code: str
    message: str
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The command cannot be completed, and is kept for an operator."""

    code: str
    message: str


Verdict: TypeAlias = Succeeded | Rejected | TryAgain | KeyRefused | GaveUp

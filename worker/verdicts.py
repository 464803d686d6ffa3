"""Verdicts: what a try of a command came to, as values that the journal records."""

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
    """Stripe did it; `data` is the envelope's."""

    text: Text
    data: Any


@dataclass(frozen=True, slots=True)
class Rejected:
    """Stripe said no for good and nothing changed; code, message and status are Stripe's own."""

    code: str
    message: str
    http_status: int


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Not done, or not known to be done; the command is to be tried again.

    `uncertain` says that this try may have taken effect: nothing else of the customer goes out
    until that is settled. `new_key` asks for a further idempotency key, and is only sound where
    nothing happened. `delay` (seconds) overrides the backoff. `final` is the answer that ends the
    command instead, where its few tries of this kind are used up. `slow` names what Stripe's
    limiter refused for, ACCOUNT or ENDPOINT: all workers slow down there.
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
    """Stripe refused our API key (401, 403): taking commands stops, this one is not burnt.

    `uncertain` says that it was refused while the truth of an earlier request was looked up.
    """

    code: str
    message: str
    uncertain: bool = False


@dataclass(frozen=True, slots=True)
class GaveUp:
    """It cannot be completed, and is kept for a person."""

    code: str
    message: str


Verdict: TypeAlias = Succeeded | Rejected | TryAgain | KeyRefused | GaveUp

"""The rate limit of a Stripe account, shared by all workers: the calls to `rate_limit.lua`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from producer.contract import Lane
from producer.journal.redis import keys
from producer.journal.redis.calls import Call
from producer.journal.redis.endpoints import Endpoint

ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a second, for the account and for each endpoint; 0 is no limit.

    `interactive` and `bulk` are the shares (0 to 1) reserved for each lane. A lane uses what the
    other leaves idle; under full load the interactive lane gets all but the bulk share.
    """

    account: float = 0.0
    endpoint: float = 0.0
    interactive: float = 0.2
    bulk: float = 0.1

    @property
    def argument(self) -> str:
        """The argument for the scripts; empty where nothing is limited."""
        if not self.account and not self.endpoint:
            return ""
        return f"{self.account:g},{self.endpoint:g},{self.interactive:g},{self.bulk:g}"


UNLIMITED = Limits()


def reserve(lane: Lane, endpoint: Endpoint, limits: Limits, *, ahead_ms: int) -> Call[int]:
    """Book a request that no grant has booked; answers in how many ms it may be sent.

    The request is booked however full the line is: `ahead_ms` must exceed any possible wait.
    """
    return Call(int, "reserve_send_time", [lane.value, endpoint.value, limits.argument, ahead_ms])


@dataclass(frozen=True, slots=True)
class Pace:
    """The state of a scope's limit: `factor` (0 to 1) is what Stripe's 429s have left of it.

    `rate` is the limit itself, in requests a second; `booked` counts all bookings ever made, and
    `slowed` how often a 429 lowered the factor.
    """

    factor: float
    slowed: int
    rate: float = 0.0
    booked: int = 0


def paces() -> Call[dict[str, Pace]]:
    """The state of every limit that was ever used, by scope: the account, and endpoints."""
    scopes = [ACCOUNT, *(endpoint.value for endpoint in Endpoint)]

    def parse(answers: Any) -> dict[str, Pace]:
        (seconds, _), *found = answers
        return {
            scope: _pace(values, int(seconds) * 1000)
            for scope, values in zip(scopes, found, strict=True)
            if values[0] is not None
        }

    reads: list[tuple[str | int, ...]] = [("TIME",)]
    reads += [("HMGET", keys.limit(scope), *_FIELDS) for scope in scopes]
    return Call(parse, commands=reads)


_FIELDS = ("t", "factor", "since", "slowed", "rate", "booked")
# The same as `RISE` in lua/lib/rate_limit.lua.
_RISE_A_SECOND = 0.02


def _pace(values: Any, now_ms: int) -> Pace:
    _, factor, since, slowed, rate, booked = values
    risen = 1.0
    if factor is not None:
        risen = float(factor) + max(0, now_ms - int(since)) / 1000 * _RISE_A_SECOND
    return Pace(min(1.0, risen), int(slowed or 0), float(rate or 0), int(booked or 0))

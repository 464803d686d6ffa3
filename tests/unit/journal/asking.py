"""Workers that ask the limiter for places in virtual time, as those with deferred customers do."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from itertools import count
from random import Random
from typing import NamedTuple

from benchmarks.simulation.account import busiest_second
from benchmarks.simulation.limiter import LuaLimiter
from producer.contract import Lane
from producer.journal.redis.endpoints import Endpoint


class Span(NamedTuple):
    """From `start` to `end` (ms) a worker always has a request to send, `gap` after the last."""

    start: float
    end: float
    gap: float = 0.0


class Asker(NamedTuple):
    """One worker's requests of a lane to an endpoint."""

    name: str
    lane: Lane
    spans: Sequence[Span]
    endpoint: Endpoint = Endpoint.DEFAULT


def sent_by(
    limiter: LuaLimiter, askers: Sequence[Asker], *, seed: int = 0, late: float = 0.0
) -> dict[str, list[float]]:
    """When each asker's requests are sent. Simultaneous calls come in any order.

    An asker that must ask again does so up to `late` (ms) after the given time.
    """
    chance, number = Random(seed), count()
    sent: dict[str, list[float]] = {asker.name: [] for asker in askers}
    due = [
        (span.start, chance.random(), next(number), asker, span)
        for asker in askers
        for span in asker.spans
    ]
    heapq.heapify(due)
    while due:
        now, _, _, asker, span = heapq.heappop(due)
        if now >= span.end:
            continue
        place = limiter.book(asker.lane, asker.endpoint, now)
        if place.at is not None:
            sent[asker.name].append(place.at)
        again = now + span.gap
        if place.at is None:
            again = max(place.again + late * chance.random(), now + 1)
        heapq.heappush(due, (again, chance.random(), next(number), asker, span))
    return sent


def within(times: Sequence[float], start: float, end: float) -> int:
    """How many of the times (ms) are in the interval."""
    return sum(start <= time < end for time in times)


def busiest(sent: Mapping[str, Sequence[float]]) -> int:
    """The most requests in any second, wherever it starts."""
    return busiest_second(sorted(time for each in sent.values() for time in each))

"""Generated traffic: accounts by Zipf, interactive commands all the time, bulk senders at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise
from random import Random

from benchmarks.simulation.account import Command
from producer.contract import Lane
from producer.journal.redis.endpoints import Endpoint

HOUR_MS = 3_600_000.0
# The largest account has about 9 % of all commands.
_ZIPF = 0.9
_INTERACTIVE = 0.2
_DEFAULTS = 0.7
_MOST_SENDERS = 8
# Senders start within the first half hour; in every second account all within one second.
_BEGIN_MS = 1_800_000.0


def accounts(count: int, commands: int, seed: int) -> Iterator[list[Command]]:
    """The hour's commands of each account, the largest account first."""
    weights = [(rank + 1) ** -_ZIPF for rank in range(count)]
    total = sum(weights)
    ends = [round(commands * part / total) for part in accumulate(weights)]
    for rank, (first, last) in enumerate(pairwise([0, *ends])):
        yield _commands(last - first, Random(f"{seed} {rank}"), at_once=rank % 2 == 0)


def _commands(count: int, chance: Random, *, at_once: bool) -> list[Command]:
    interactive = round(_INTERACTIVE * count)
    made = [
        Command(chance.uniform(0, HOUR_MS), Lane.INTERACTIVE, _endpoint(chance), 0)
        for _ in range(interactive)
    ]
    senders = chance.randint(1, _MOST_SENDERS)
    ends = list(accumulate(1 / number for number in range(1, senders + 1)))
    bulk = count - interactive
    cuts = [0, *(round(bulk * end / ends[-1]) for end in ends)]
    for number, (first, last) in enumerate(pairwise(cuts), start=1):
        begins = chance.uniform(0, 1000 if at_once else _BEGIN_MS)
        endpoint = _endpoint(chance)
        made += [Command(begins, Lane.BULK, endpoint, number) for _ in range(last - first)]
    return made


def _endpoint(chance: Random) -> Endpoint:
    return Endpoint.DEFAULT if chance.random() < _DEFAULTS else Endpoint.SOURCE

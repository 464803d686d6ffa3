"""How commands ended in the last hour, by differences of counts that only ever rise.

Each web process keeps a sample a minute, which costs one script a minute. Buckets in Redis would
cost a write for every command, to spare the first hour after a start of web.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from producer.contract import State
from producer.journal import Figures

SAMPLE_EVERY_S = 60.0
_HOUR_S = 3600.0
Ends = Mapping[tuple[State, str], int]


@dataclass(frozen=True, slots=True)
class RecentEnds:
    """How many ended since a moment, at most an hour ago, by state and code."""

    since: datetime
    counts: Ends

    def states(self) -> dict[State, int]:
        """By state alone."""
        found = dict.fromkeys((one for one in State if one.ended), 0)
        for (state, _), count in self.counts.items():
            found[state] += count
        return found


class LastHour:
    """The samples of an hour."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, Ends]] = deque()

    def record(self, figures: Figures) -> RecentEnds:
        """Keep a sample where a minute has gone by; answers what ended since the oldest."""
        now = _ends(figures)
        if self._samples and any(now.get(one, 0) < n for one, n in self._samples[-1][1].items()):
            self._samples.clear()  # the counts were lost, and begin anew
        if not self._samples or figures.at - self._samples[-1][0] >= SAMPLE_EVERY_S:
            self._samples.append((figures.at, now))
        while len(self._samples) > 1 and figures.at - self._samples[1][0] >= _HOUR_S:
            self._samples.popleft()
        at, then = self._samples[0]
        counts = {one: n - then.get(one, 0) for one, n in now.items() if n > then.get(one, 0)}
        return RecentEnds(datetime.fromtimestamp(at, UTC), counts)


def _ends(figures: Figures) -> Ends:
    found: Counter[tuple[State, str]] = Counter()
    for one, count in figures.ended.items():
        found[one.state, one.code] += count
    return found

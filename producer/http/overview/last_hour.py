"""How commands ended in the last hour, from differences of monotonic counters.

Each web process takes a sample a minute, which costs one script a minute. Buckets in Redis would
cost a write for every command, only to cover the first hour after web starts.
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
    """Counts of commands ended since a time, at most an hour ago, by state and code."""

    since: datetime
    counts: Ends

    def states(self) -> dict[State, int]:
        """Counts by state."""
        by_state = dict.fromkeys((state for state in State if state.ended), 0)
        for (state, _), count in self.counts.items():
            by_state[state] += count
        return by_state


class LastHour:
    """The samples of the last hour."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, Ends]] = deque()

    def record(self, figures: Figures) -> RecentEnds:
        """Add a sample if a minute has passed; return what ended since the oldest sample."""
        now = _ends(figures)
        if self._samples and any(now.get(end, 0) < n for end, n in self._samples[-1][1].items()):
            self._samples.clear()  # the counters were lost and restarted
        if not self._samples or figures.at - self._samples[-1][0] >= SAMPLE_EVERY_S:
            self._samples.append((figures.at, now))
        while len(self._samples) > 1 and figures.at - self._samples[1][0] >= _HOUR_S:
            self._samples.popleft()
        at, then = self._samples[0]
        counts = {end: n - then.get(end, 0) for end, n in now.items() if n > then.get(end, 0)}
        return RecentEnds(datetime.fromtimestamp(at, UTC), counts)


def _ends(figures: Figures) -> Ends:
    ends: Counter[tuple[State, str]] = Counter()
    for labels, count in figures.ended.items():
        ends[labels.state, labels.code] += count
    return ends

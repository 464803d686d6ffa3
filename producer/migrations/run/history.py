"""How many rows had ended when: kept for the chart, thinned as it grows."""

from __future__ import annotations

_MOST = 240
_FIRST_MS = 1_000


class History:
    """Samples, at first a second apart; twice as far whenever there are 240."""

    def __init__(self, samples: list[tuple[int, int]] | None = None) -> None:
        """Goes on from samples (ms since the epoch, rows ended) that another driver took."""
        self.samples = list(samples or [])
        span = self.samples[-1][0] - self.samples[0][0] if len(self.samples) > 1 else 0
        self._gap_ms = _FIRST_MS
        while self._gap_ms * _MOST < span:
            self._gap_ms *= 2

    def add(self, at_ms: int, ended: int, *, last: bool = False) -> bool:
        """Take a sample if it is time for one, or it is the last one."""
        if self.samples and at_ms - self.samples[-1][0] < (1 if last else self._gap_ms):
            return False
        self.samples.append((at_ms, ended))
        if len(self.samples) > _MOST:
            # The last one stays.
            self.samples = self.samples[::2] if len(self.samples) % 2 else self.samples[1::2]
            self._gap_ms *= 2
        return True

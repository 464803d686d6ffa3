"""Samples of ended rows over time, for the chart."""

from __future__ import annotations

_MOST = 240
_FIRST_MS = 1_000


class History:
    """Samples a second apart at first; the gap doubles whenever there are more than 240."""

    def __init__(self, samples: list[tuple[int, int]] | None = None) -> None:
        """Continue from another driver's samples (ms since the epoch, rows ended)."""
        self.samples = list(samples or [])
        span = self.samples[-1][0] - self.samples[0][0] if len(self.samples) > 1 else 0
        self._gap_ms = _FIRST_MS
        while self._gap_ms * _MOST < span:
            self._gap_ms *= 2

    def add(self, at_ms: int, ended: int, *, last: bool = False) -> bool:
        """Add the sample if one is due or it is the last; return whether it was added."""
        if self.samples and at_ms - self.samples[-1][0] < (1 if last else self._gap_ms):
            return False
        self.samples.append((at_ms, ended))
        if len(self.samples) > _MOST:
            # Either half keeps the newest sample.
            self.samples = self.samples[::2] if len(self.samples) % 2 else self.samples[1::2]
            self._gap_ms *= 2
        return True

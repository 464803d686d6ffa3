"""The limit of failures after which a migration stops."""

from __future__ import annotations

from collections.abc import Mapping

from producer.migrations.model.rows import RowState

_FAILURES = (RowState.REJECTED, RowState.FAILED)
_NEVER_SENT = (RowState.INVALID, RowState.SKIPPED, RowState.AMBIGUOUS)
# A share of fewer rows means nothing.
_FEWEST = 100


class Failures:
    """Compares rejected and failed rows since the start or the last `resume` with a limit."""

    def __init__(self, most: int | None, most_percent: float | None) -> None:
        self._most = most
        self._most_percent = most_percent

    @property
    def limited(self) -> bool:
        """Whether there is any limit."""
        return self._most is not None or self._most_percent is not None

    def too_many(self, fields: Mapping[str, str]) -> bool:
        """Whether a migration's record reaches the limit."""
        failed = _counted(fields, _FAILURES) - int(fields.get("base_failed", 0))
        if self._most is not None and failed >= self._most:
            return True
        ended = _counted(fields, [state for state in RowState if state.settled])
        ended -= int(fields.get("base_ended", _counted(fields, _NEVER_SENT)))
        if self._most_percent is None or ended < _FEWEST:
            return False
        return failed * 100 >= self._most_percent * ended


def _counted(fields: Mapping[str, str], states: list[RowState] | tuple[RowState, ...]) -> int:
    return sum(int(fields.get(f"n{int(state)}", 0)) for state in states)

"""When a migration has failed often enough to be stopped."""

from __future__ import annotations

from collections.abc import Mapping

from producer.migrations.model.rows import RowState

_IN_VAIN = (RowState.REJECTED, RowState.FAILED)
_NEVER_SENT = (RowState.INVALID, RowState.SKIPPED, RowState.AMBIGUOUS)
# Fewer rows say nothing of a share.
_FEWEST = 100


class Failures:
    """Rejected and failed rows since the start, or since a person resumed, against a bound."""

    def __init__(self, most: int | None, most_percent: float | None) -> None:
        self._most = most
        self._most_percent = most_percent

    @property
    def limited(self) -> bool:
        """Whether there is a bound at all."""
        return self._most is not None or self._most_percent is not None

    def too_many(self, fields: Mapping[str, str]) -> bool:
        """Whether the record of a migration is past the bound."""
        failed = _counted(fields, _IN_VAIN) - int(fields.get("base_failed", 0))
        if self._most is not None and failed >= self._most:
            return True
        ended = _counted(fields, [state for state in RowState if state.settled])
        ended -= int(fields.get("base_ended", _counted(fields, _NEVER_SENT)))
        if self._most_percent is None or ended < _FEWEST:
            return False
        return failed * 100 >= self._most_percent * ended


def _counted(fields: Mapping[str, str], states: list[RowState] | tuple[RowState, ...]) -> int:
    return sum(int(fields.get(f"n{int(state)}", 0)) for state in states)

"""A row of the results file, from what is recorded and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from producer.migrations.model.rows import RowResult, RowState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


def to_sql(one: RowResult) -> tuple[Any, ...]:
    """The values of the table's columns."""
    return (
        one.number,
        int(one.state),
        one.code,
        one.message,
        one.command_id,
        one.card_id,
        one.attempts,
        _micros(one.accepted_at),
        _micros(one.finished_at),
        one.before,
    )


def from_sql(row: tuple[Any, ...]) -> RowResult:
    """What was recorded."""
    number, state, code, message, command, card, attempts, accepted, finished, before = row
    return RowResult(
        number=number,
        state=RowState(state),
        code=code,
        message=message,
        command_id=command,
        card_id=card,
        attempts=attempts,
        accepted_at=_moment(accepted),
        finished_at=_moment(finished),
        before=before,
    )


def _micros(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // _US


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else _EPOCH + micros * _US

"""Converts recorded outcomes to rows of the results file and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from producer.migrations.model.rows import RowResult, RowState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


def to_sql(result: RowResult) -> tuple[Any, ...]:
    """The values in the order of the table's columns."""
    return (
        result.number,
        int(result.state),
        result.code,
        result.message,
        result.command_id,
        result.card_id,
        result.attempts,
        _micros(result.accepted_at),
        _micros(result.finished_at),
        result.before,
    )


def from_sql(row: tuple[Any, ...]) -> RowResult:
    """The recorded outcome."""
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

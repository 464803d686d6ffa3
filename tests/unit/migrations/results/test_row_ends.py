"""Converts the end of a command into a row's outcome."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from producer.journal.migrations.records import EndedRow
from producer.migrations.model.rows import RowState
from producer.migrations.results.row_ends import result_of, settled_of


def ended(state: str, envelope: dict[str, Any], **more: Any) -> EndedRow:
    """A row whose command ended in this state."""
    fields = {
        "number": 3, "id": "id_3", "attempts": 2, "accepted_ms": "1000", "finished_ms": "2000",
        "before": "card_0", "object_id": "card_1", "is_default": True, **more,
    }  # fmt: skip
    return EndedRow(state=state, envelope=envelope, **fields)


def test_an_applied_row() -> None:
    """Card, times, attempts and the former default are recorded, without a message."""
    result = result_of(ended("succeeded", {"status": True, "message": "Done", "data": {}}))
    assert (result.state, result.card_id, result.before) == (RowState.APPLIED, "card_1", "card_0")
    assert (result.code, result.message, result.attempts) == ("", "", 2)
    assert result.finished_at == datetime.fromtimestamp(2, UTC)


def test_an_unchanged_row() -> None:
    """Nothing was changed, so there is no former default."""
    data = {"alreadySo": True, "cardId": "pm_1"}
    result = result_of(
        ended("succeeded", {"status": True, "message": "", "data": data}, is_default=False)
    )
    assert (result.state, result.card_id, result.before) == (RowState.ALREADY_SO, "pm_1", None)


@pytest.mark.parametrize(
    ("state", "code", "expected"),
    [
        ("rejected", "resource_missing", RowState.REJECTED),
        ("rejected", "drifted", RowState.DRIFTED),
        ("superseded", "superseded", RowState.SUPERSEDED),
        ("cancelled", "cancelled", RowState.CANCELLED),
        ("failed", "expired", RowState.FAILED),
    ],
)
def test_a_row_that_was_not_applied(state: str, code: str, expected: RowState) -> None:
    """Code and message are recorded and sent to the ledger, with the time of this end."""
    one = ended(state, {"status": False, "message": "No.", "data": None, "code": code})
    result = result_of(one)
    assert (result.state, result.code, result.message) == (expected, code, "No.")
    assert (result.card_id, result.before) == ("", None)
    settled = settled_of(one, result)
    assert (settled.state, settled.code, settled.finished_ms) == (int(expected), code, "2000")


def test_a_command_that_the_journal_has_lost() -> None:
    """A row without a command in the journal has failed."""
    result = result_of(ended("", {}, finished_ms=""))
    assert (result.state, result.code) == (RowState.FAILED, "lost")

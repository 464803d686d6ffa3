"""From the end of a row's command to what is recorded of the row."""

from __future__ import annotations

from datetime import UTC, datetime

from producer.contract import State
from producer.contract.effective_default import SHADOWED_BY, shadow_read
from producer.journal.migrations.records import EndedRow, Settled
from producer.migrations.model.rows import RowResult, RowState

# As worker.handlers says it of a migration's command, in the data and as a code.
_ALREADY_SO, _DRIFTED = "alreadySo", "drifted"
SHADOWED = "shadowed"
"""The code of a row that was applied, or was so, while another default comes before it."""
_STATES = {
    State.SUCCEEDED: RowState.APPLIED,
    State.REJECTED: RowState.REJECTED,
    State.SUPERSEDED: RowState.SUPERSEDED,
    State.CANCELLED: RowState.CANCELLED,
    State.FAILED: RowState.FAILED,
}
# What the ledger's details have of a message, and what is recorded of it.
_MESSAGE, _RECORDED = 200, 500


def result_of(ended: EndedRow) -> RowResult:
    """What is recorded of the row.

    Of one that was applied neither code nor message, but where another default shadows it.
    """
    if not ended.envelope or not ended.state:
        # The ledger knows of a command that the journal has lost.
        return RowResult(ended.number, RowState.FAILED, "lost", "It is not in the journal any more")
    state = _STATES[State(ended.state)]
    data = ended.envelope.get("data")
    told = data if isinstance(data, dict) else {}
    code = str(ended.envelope.get("code") or "")
    if state is RowState.APPLIED and told.get(_ALREADY_SO):
        state = RowState.ALREADY_SO
    elif state is RowState.REJECTED and code == _DRIFTED:
        state = RowState.DRIFTED
    done = state in (RowState.APPLIED, RowState.ALREADY_SO)
    message = "" if done else str(ended.envelope.get("message") or "")
    if done and (shadow := shadow_read(told.get(SHADOWED_BY))) is not None:
        code, message = SHADOWED, str(shadow)
    card = ended.object_id if ended.is_default else str(told.get("cardId") or "")
    return RowResult(
        number=ended.number,
        state=state,
        code=code,
        message=message[:_RECORDED],
        command_id=ended.id,
        card_id=card if done else "",
        attempts=ended.attempts,
        accepted_at=_moment(ended.accepted_ms),
        finished_at=_moment(ended.finished_ms),
        before=ended.before if state is RowState.APPLIED else None,
    )


def settled_of(ended: EndedRow, result: RowResult) -> Settled:
    """How the ledger is told of it."""
    return Settled(
        ended.number,
        ended.id,
        ended.finished_ms,
        int(result.state),
        result.code or result.state.word,
        result.message[:_MESSAGE],
    )


def _moment(milliseconds: str) -> datetime | None:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC) if milliseconds else None

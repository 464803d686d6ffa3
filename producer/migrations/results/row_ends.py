"""Converts the end of a row's command into the row's outcome."""

from __future__ import annotations

from datetime import UTC, datetime

from producer.contract import State
from producer.contract.effective_default import SHADOWED_BY, shadow_read
from producer.journal.migrations.records import EndedRow, Settled
from producer.migrations.model.rows import RowResult, RowState

# Written by worker.handlers: a member of the data, and a code.
_ALREADY_SO, _DRIFTED = "alreadySo", "drifted"
SHADOWED = "shadowed"
"""The code of an applied or unchanged row whose default another default shadows."""
_STATES = {
    State.SUCCEEDED: RowState.APPLIED,
    State.REJECTED: RowState.REJECTED,
    State.SUPERSEDED: RowState.SUPERSEDED,
    State.CANCELLED: RowState.CANCELLED,
    State.FAILED: RowState.FAILED,
}
# Characters of a message that the ledger's details and the results file keep.
_MESSAGE, _RECORDED = 200, 500


def result_of(ended: EndedRow) -> RowResult:
    """The outcome of the row.

    An applied row has neither code nor message, unless another default shadows it.
    """
    if not ended.envelope or not ended.state:
        # The ledger refers to a command that the journal has lost.
        return RowResult(ended.number, RowState.FAILED, "lost", "It is not in the journal any more")
    state = _STATES[State(ended.state)]
    member = ended.envelope.get("data")
    data = member if isinstance(member, dict) else {}
    code = str(ended.envelope.get("code") or "")
    if state is RowState.APPLIED and data.get(_ALREADY_SO):
        state = RowState.ALREADY_SO
    elif state is RowState.REJECTED and code == _DRIFTED:
        state = RowState.DRIFTED
    done = state in (RowState.APPLIED, RowState.ALREADY_SO)
    message = "" if done else str(ended.envelope.get("message") or "")
    if done and (shadow := shadow_read(data.get(SHADOWED_BY))) is not None:
        code, message = SHADOWED, str(shadow)
    card = ended.object_id if ended.is_default else str(data.get("cardId") or "")
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
    """The outcome as the ledger keeps it."""
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

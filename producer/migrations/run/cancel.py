"""Cancels a migration: unsent rows are cancelled, rows at Stripe are finished."""

from __future__ import annotations

from itertools import islice

from producer.contract import Envelope
from producer.contract.messages import Text
from producer.journal.migrations import records as journalled
from producer.migrations.input.rows.ids import command_id
from producer.migrations.model.rows import RowState
from producer.migrations.registry import Registry
from producer.settings import DEFAULT_STATUS_TTL_S

# Rows checked and commands cancelled by one script: some milliseconds each.
_ROWS, _COMMANDS = 10_000, 200


def cancel_rest(registry: Registry, migration: str) -> None:
    """Cancel what was not sent to Stripe, in the ledger and in the queues.

    Raises:
        JournalUnavailable: the call must be repeated.
    """
    ledger = registry.states(migration)
    for first in range(1, ledger.rows + 1, _ROWS):
        last = min(first + _ROWS - 1, ledger.rows)
        registry.journal(journalled.cancel_pending(migration, first, last))
    envelope = Envelope.no("cancelled", Text.CANCELLED.say(registry.language))
    sent = ledger.numbers(RowState.SENT)
    while ids := [command_id(migration, number) for number in islice(sent, _COMMANDS)]:
        call = journalled.cancel_queued(migration, ids, envelope, keep_s=DEFAULT_STATUS_TTL_S)
        registry.journal(call)

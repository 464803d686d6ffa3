"""Verifies the signatures of the journal's rows before commands are executed."""

from __future__ import annotations

import json
import logging
from contextlib import suppress

from producer.journal import Grant, Journal, JournalFault, JournalUnavailable
from producer.journal.commands.signed import row_flaw
from producer.journal.operations.dead_letters import DeadReason, dead_letter, set_aside
from producer.security.command_signatures import DAY_S, Flaw, Signing
from worker.messages.dead_letters import limited_log

_REASONS = {
    Flaw.MISSING: DeadReason.UNSIGNED,
    Flaw.INVALID: DeadReason.FORGED,
    Flaw.STALE: DeadReason.STALE,
}
_SHOWN = ("kind", "user", "card", "lane", "slot", "sender", "migration", "number", "signature")


class RowSignatures:
    """Verifies the row of every granted command, before anything is sent."""

    def __init__(self, signing: Signing) -> None:
        self._signing = signing

    def flaw(self, grant: Grant) -> Flaw | None:
        """Why the command must not be executed; None if it may be.

        A command that was attempted before may be a day older: retries go on for that long.
        """
        signing = self._signing
        if not signing.on:
            return None
        max_age_s = signing.max_age_s + (DAY_S if grant.attempt_number > 1 else 0)
        flaw = row_flaw(
            signing, grant.command_id, grant.row, now_ms=grant.now_ms, max_age_s=max_age_s
        )
        if flaw is Flaw.MISSING and not signing.required:
            limited_log.log(
                logging.WARNING,
                "unsigned",
                "command %s (sender %s) is not signed: refused once signatures are required",
                grant.command_id,
                grant.row.get("sender") or "unnamed",
            )
            return None
        return flaw

    async def dead_letter(self, journal: Journal, grant: Grant, flaw: Flaw) -> None:
        """Add the row to the dead letters, if Redis answers, to be counted and shown."""
        row = {name: grant.row[name] for name in _SHOWN if name in grant.row}
        text = json.dumps({"row": grant.command_id, **row}).encode()
        letter = dead_letter(grant.queue, _REASONS[flaw], text)
        limited_log.log(
            logging.ERROR,
            flaw.value,
            "command %s is not executed (%s); see `cards dead-letters`",
            grant.command_id,
            flaw.value,
        )
        with suppress(JournalUnavailable, JournalFault):
            await journal(set_aside(letter))

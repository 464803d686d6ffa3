"""Which rows of the journal are carried out, by their signatures."""

from __future__ import annotations

import json
import logging
from contextlib import suppress

from producer.journal import Grant, Journal, JournalFault, JournalUnavailable
from producer.journal.commands.signed import row_flaw
from producer.journal.operations.dead_letters import DeadReason, dead_letter, set_aside
from producer.security.command_signatures import DAY_S, Flaw, Signing
from worker.messages.dead_letters import sparing

_REASONS = {
    Flaw.MISSING: DeadReason.UNSIGNED,
    Flaw.INVALID: DeadReason.FORGED,
    Flaw.STALE: DeadReason.STALE,
}
_SHOWN = ("kind", "user", "card", "lane", "slot", "sender", "migration", "number", "signature")


class RowSignatures:
    """Looks at the row of every command that is granted, before anything is sent."""

    def __init__(self, signing: Signing) -> None:
        self._signing = signing

    def flaw(self, grant: Grant) -> Flaw | None:
        """Why the command is not carried out, if it is not.

        One that was tried is given a day more than one that was not: so long tries go on.
        """
        signing = self._signing
        if not signing.on:
            return None
        max_age_s = signing.max_age_s + (DAY_S if grant.attempt_number > 1 else 0)
        flaw = row_flaw(
            signing, grant.command_id, grant.row, now_ms=grant.now_ms, max_age_s=max_age_s
        )
        if flaw is Flaw.MISSING and not signing.required:
            sparing.say(
                logging.WARNING,
                "unsigned",
                "command %s (sender %s) is not signed: refused once signatures are demanded",
                grant.command_id,
                grant.row.get("sender") or "without a name",
            )
            return None
        return flaw

    async def tell(self, journal: Journal, grant: Grant, flaw: Flaw) -> None:
        """Keep the row as a dead letter, which counts and shows it, as well as may be."""
        row = {name: grant.row[name] for name in _SHOWN if name in grant.row}
        text = json.dumps({"row": grant.command_id, **row}).encode()
        letter = dead_letter(grant.queue, _REASONS[flaw], text)
        sparing.say(
            logging.ERROR,
            flaw.value,
            "command %s is not carried out (%s); see `cards dead-letters`",
            grant.command_id,
            flaw.value,
        )
        with suppress(JournalUnavailable, JournalFault):
            await journal(set_aside(letter))

"""One attempt of a command under its customer's lease: from the grant to the outcome to write."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from producer.contract import Lane, State
from producer.journal import ClaimingStopped, End, Grant, Journal, Retry
from producer.journal.migrations.records import note_before
from worker.execution.leases import Lease
from worker.execution.outcomes import Outcomes
from worker.execution.quarantine import PoisonError, Quarantine
from worker.execution.row_signatures import RowSignatures
from worker.handlers.attempt import Attempt, LeaseLost, Terms
from worker.handlers.registry import HandlerRegistry
from worker.handlers.unknown_outcome import last_lookup
from worker.observability.command_events import CommandEvents
from worker.verdicts import TryAgain, Verdict

log = logging.getLogger(__name__)

# Leases that expired during an attempt before the command is tried in a process of its own.
_MAX_EXPIRED_LEASES = 2


class AttemptRunner:
    """Makes attempts, with the handler of the command's kind."""

    def __init__(
        self,
        handlers: HandlerRegistry,
        quarantine: Quarantine,
        outcomes: Outcomes,
        command_events: CommandEvents,
        journal: Journal,
        signatures: RowSignatures,
    ) -> None:
        self._journal = journal
        self._signatures = signatures
        self._handlers = handlers
        self._quarantine = quarantine
        self._outcomes = outcomes
        self._command_events = command_events

    async def make(self, grant: Grant, lease: Lease) -> End | Retry | ClaimingStopped:
        """Make one attempt.

        Raises:
            LeaseLost: the lease was lost before anything was sent.
        """
        command = grant.command
        self._command_events.started(grant, command)
        if (flaw := self._signatures.flaw(grant)) is not None:
            await self._signatures.dead_letter(self._journal, grant, flaw)
            return self._outcomes.bad_signature(grant, flaw)
        attempt = Attempt(
            command=command,
            command_id=grant.command_id,
            key=grant.key,
            number=grant.attempt_number,
            unsettled=grant.unsettled,
            may_send=grant.may_send,
            look_up_first=grant.look_up_first,
            held=lease.held,
            concise=grant.lane is Lane.BULK,
            terms=_terms(grant),
            note_before=self._note_before(grant),
        )
        try:
            verdict = await self._carry_out(grant, attempt, lease)
        except LeaseLost:
            raise
        except PoisonError as error:
            log.error(
                "command %s: poison: tried alone, its process was %s", grant.command_id, error
            )
            outcome: End | Retry | ClaimingStopped = self._outcomes.poison(grant, str(error))
        except Exception as error:
            log.exception("command %s: its handler raised", grant.command_id)
            outcome = self._outcomes.fault(grant, error)
        else:
            outcome = self._outcomes.of(grant, verdict)
            if isinstance(verdict, TryAgain) and not verdict.uncertain:
                return outcome
        if isinstance(outcome, End) and outcome.state is State.FAILED:
            effect = await last_lookup(
                lambda lookup: self._carry_out(grant, lookup, lease), attempt
            )
            if effect is not None:
                outcome = self._outcomes.of(grant, effect)
        return outcome

    def _note_before(self, grant: Grant) -> Callable[[str | None], Awaitable[None]] | None:
        if not grant.of_migration:
            return None

        async def note(default: str | None) -> None:
            call = note_before(grant.customer, grant.command_id, grant.fence, default)
            if not await self._journal(call):
                raise LeaseLost(grant.command_id)

        return note

    async def _carry_out(self, grant: Grant, attempt: Attempt, lease: Lease) -> Verdict:
        if grant.expired_leases and attempt.may_send:
            log.warning(
                "command %s: attempt %d, since the worker of the previous attempt is gone%s",
                grant.command_id,
                grant.attempt_number,
                "; alone, in a process of its own" if self._suspect(grant) else "",
            )
        if self._suspect(grant):
            if attempt.note_before is not None and not grant.checked:
                # The child process has no journal: it may send without this process knowing which
                # default it found.
                await attempt.note_before(None)
            return await self._quarantine.carry_out(attempt, lease.left)
        return await self._handlers[attempt.command.kind].carry_out(attempt)

    @staticmethod
    def _suspect(grant: Grant) -> bool:
        return grant.expired_leases >= _MAX_EXPIRED_LEASES


def _terms(grant: Grant) -> Terms | None:
    if not grant.of_migration:
        return None
    return Terms(grant.looks_first, grant.expected_default, grant.newer, grant.checked)

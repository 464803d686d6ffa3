"""The loop over one customer's commands: attempt by attempt, as long as each is granted."""

from __future__ import annotations

import logging
from collections.abc import Callable

from producer.contract import Lane, State
from producer.journal import ClaimingStopped, ClaimResult, ClaimStatus, End, Grant, Retry
from worker.celery.queue_selection import Prefetch
from worker.clock import clock
from worker.execution.attempt_runner import AttemptRunner
from worker.execution.claimer import Claimer
from worker.execution.deferred import DeferredCustomers
from worker.execution.leases import LeaseKeeper
from worker.execution.message_progress import NO_PROGRESS, MessageProgress
from worker.execution.slots import Slots
from worker.handlers.attempt import LeaseLost
from worker.observability.command_events import CommandEvents
from worker.observability.log_context import last_request, set_log_context
from worker.observability.measurements import Measurements
from worker.observability.tracing import Tracing
from worker.stripe.rate_limiter import use_reservation

log = logging.getLogger(__name__)

# A retry due this soon is started by the worker that completed the attempt, others by a sweep.
_OWN_RETRY_S = 3.0


class CustomerLoop:
    """Completing an attempt claims the customer's next command, whose attempt follows."""

    def __init__(
        self,
        claimer: Claimer,
        attempts: AttemptRunner,
        leases: LeaseKeeper,
        deferred: DeferredCustomers,
        slots: Slots,
        prefetch: Prefetch,
        retry_after: Callable[[str, float], None],
        command_events: CommandEvents,
        measurements: Measurements,
        tracing: Tracing,
    ) -> None:
        """`retry_after` claims a customer's next command after so many seconds."""
        self._claimer = claimer
        self._attempts = attempts
        self._leases = leases
        self._deferred = deferred
        self._slots = slots
        self._prefetch = prefetch
        self._retry_after = retry_after
        self._command_events = command_events
        self._measurements = measurements
        self._tracing = tracing

    async def run(
        self, claimed: ClaimResult, asked_at: float, lane: Lane, progress: MessageProgress
    ) -> None:
        """Go on from grant to grant until nothing of the customer may be sent now.

        `asked_at` is our clock before the claim.
        """
        queue = lane.value
        if claimed.grant is not None:
            queue = claimed.grant.queue
            progress.started(claimed.grant)
        self._prefetch.command(queue, 1)
        try:
            with self._slots.occupied(lane):
                claimed = await self._attempt_each(claimed, asked_at)
        finally:
            self._prefetch.command(queue, -1)
            self._prefetch.ended(queue)
            self._deferred.wake(lane)
            progress.done()
        if claimed.deferred is not None:
            self._deferred.add(claimed.deferred, NO_PROGRESS)

    async def _attempt_each(self, claimed: ClaimResult, asked_at: float) -> ClaimResult:
        while claimed.grant is not None:
            grant = claimed.grant
            lease = self._leases.hold(grant, asked_at)
            started_at = clock()
            use_reservation(grant, started_at)
            set_log_context(grant)
            if grant.attempt_number == 1:
                self._measurements.started(grant.lane, grant.waited_ms / 1000)
            with self._tracing.attempt(grant) as span:
                try:
                    outcome = await self._attempts.make(grant, lease)
                    asked_at = clock()
                    attempt_s = asked_at - started_at
                    claimed = await self._claimer.complete(
                        grant,
                        outcome,
                        claim_following=not self._slots.paused,
                        request=last_request(),
                    )
                except LeaseLost:
                    log.warning("command %s: lease lost before sending", grant.command_id)
                    span.event("lease lost")
                    break
                finally:
                    self._leases.release(lease)
                if claimed.status is ClaimStatus.ABSENT:
                    _log_absent(grant, outcome)
                    break
                if claimed.status is ClaimStatus.LOST:
                    span.event("taken over")
                    log.warning(
                        "command %s: taken over; its outcome here is dropped", grant.command_id
                    )
                    break
                self._tracing.completed(span, outcome)
            self._command_events.completed(grant, outcome, attempt_s)
            if isinstance(outcome, Retry) and outcome.delay_ms <= _OWN_RETRY_S * 1000:
                self._retry_after(grant.customer, outcome.delay_ms / 1000)
        return claimed


def _log_absent(grant: Grant, outcome: End | Retry | ClaimingStopped) -> None:
    log.error(
        "command %s came to %s, which could not be written: the journal no longer has the "
        "command%s",
        grant.command_id,
        _name(outcome),
        " (or its migration had recorded it)" if grant.of_migration else "",
    )


def _name(outcome: End | Retry | ClaimingStopped) -> str:
    match outcome:
        case End():
            return outcome.state.value
        case Retry():
            return (State.UNKNOWN if outcome.uncertain else State.RETRYING).value
    return outcome.code

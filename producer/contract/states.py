"""The states of a command, with the contract's meanings."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """The state of a command. Only a replay leads out of an end state, and only of `failed`."""

    QUEUED = "queued"  # accepted; its message was not received yet
    WAITING = "waiting"  # behind an earlier command of its customer, or behind the rate limit
    RUNNING = "running"  # being attempted at Stripe now
    RETRYING = "retrying"  # it did not take effect, and will be retried
    SUCCEEDED = "succeeded"  # it took effect at Stripe
    REJECTED = "rejected"  # Stripe, or our validation, refused it for good; nothing changed
    SUPERSEDED = "superseded"  # a newer command for the same slot was applied first
    CANCELLED = "cancelled"  # cancelled by the operator before it was sent
    UNKNOWN = "unknown"  # sent; whether it took effect is not known yet
    FAILED = "failed"  # given up; kept for the operator to inspect and replay

    @property
    def ended(self) -> bool:
        """Whether this is an end state."""
        return self in END_STATES


END_STATES = frozenset(
    {State.SUCCEEDED, State.REJECTED, State.SUPERSEDED, State.CANCELLED, State.FAILED}
)

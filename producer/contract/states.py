"""The states of a command, each with the meaning the contract gives it."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a command stands; it never goes back from an end state, but for a replayed `failed`."""

    QUEUED = "queued"  # accepted, not yet taken up
    WAITING = "waiting"  # behind an earlier command of its customer, or behind the rate limit
    RUNNING = "running"  # at Stripe now
    RETRYING = "retrying"  # known not to have happened, will be tried again
    SUCCEEDED = "succeeded"  # Stripe did it
    REJECTED = "rejected"  # Stripe, or our validation, said no for good; nothing changed
    SUPERSEDED = "superseded"  # a newer command for the same slot was applied first
    CANCELLED = "cancelled"  # cancelled by a person before it was sent
    UNKNOWN = "unknown"  # sent, and whether it took effect is not known yet
    FAILED = "failed"  # gave up; kept for a person to look at and replay

    @property
    def ended(self) -> bool:
        """Whether nothing more happens by itself."""
        return self in END_STATES


END_STATES = frozenset(
    {State.SUCCEEDED, State.REJECTED, State.SUPERSEDED, State.CANCELLED, State.FAILED}
)

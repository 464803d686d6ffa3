"""One try of a command: its idempotency key, and what is known of the tries before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from producer.contract import AssignCard, SetDefaultCard


class LeaseLost(Exception):
    """The customer's lease ran out or was taken over; nothing more may be sent or written."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a handler is given. It is also the permit to send (`worker.ports.Permit`)."""

    command: AssignCard | SetDefaultCard
    command_id: str
    key: str
    number: int  # counts from 1
    unsettled: bool = False  # an earlier try under this key may have taken effect
    may_send: bool = True  # false past the life of Stripe's idempotency keys: only look up
    look_up_first: bool = False  # a replay by a person: send only if it did not happen before
    held: Callable[[], bool] = lambda: True

    def check(self) -> None:
        """Raise LeaseLost unless the lease is still held."""
        if not self.held():
            raise LeaseLost(self.command_id)

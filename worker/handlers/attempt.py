"""One attempt of a command: its idempotency key, and what is known of earlier attempts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from producer.contract import AssignCard, SetDefaultCard


class LeaseLost(Exception):
    """The customer's lease expired or was taken over; nothing more may be sent or written."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The conditions under which a command of a migration is executed."""

    look_first: bool = False  # read the customer first: it may be so already
    # Apply only if this is the default; "" means none in its slot.
    expected_default: str | None = None
    newer: bool = False  # another command has set the default since: change nothing
    checked: bool = False  # an earlier attempt passed these checks, and may have been sent


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a handler is given. It is also the permit to send (`worker.ports.Permit`)."""

    command: AssignCard | SetDefaultCard
    command_id: str
    key: str
    number: int  # counts from 1
    unsettled: bool = False  # an earlier attempt under this key may have taken effect
    may_send: bool = True  # false once Stripe's idempotency key has expired: only look up
    look_up_first: bool = False  # replayed by an operator: send only if it has not taken effect
    held: Callable[[], bool] = lambda: True
    concise: bool = False  # one of very many: the answer is to be short
    terms: Terms | None = None  # of a command of a migration
    # Records the default before it is changed; "" means none, None means unknown.
    note_before: Callable[[str | None], Awaitable[None]] | None = None

    def check(self) -> None:
        """Raise LeaseLost unless the lease is still held."""
        if not self.held():
            raise LeaseLost(self.command_id)

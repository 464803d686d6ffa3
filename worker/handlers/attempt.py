"""One try of a command: its idempotency key, and what is known of the tries before it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from producer.contract import AssignCard, SetDefaultCard


class LeaseLost(Exception):
    """The customer's lease ran out or was taken over; nothing more may be sent or written."""


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a command of a migration is carried out."""

    look_first: bool = False  # read the customer first: it may be so already
    expected_default: str | None = (
        None  # apply only where this is the default; "" is none in its slot
    )
    newer: bool = False  # another command has set the default since; it is to be left
    checked: bool = False  # an earlier try found all as it is to be, and may have been sent


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
    concise: bool = False  # the answer is to be short: it is one of very many
    terms: Terms | None = None  # of a command of a migration
    # Writes down the default there is before it is changed; "" is none, None is not known.
    note_before: Callable[[str | None], Awaitable[None]] | None = None

    def check(self) -> None:
        """Raise LeaseLost unless the lease is still held."""
        if not self.held():
            raise LeaseLost(self.command_id)

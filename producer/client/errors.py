"""The errors of the clients, each with the values that a program needs to act on it.

Besides these: `Refusal` and its kinds where an order is not accepted, `Unavailable` where Redis is
out of reach, and `JournalFault` where the data of the journal is damaged.
"""

from __future__ import annotations

from producer.contract import CommandStatus, State
from producer.contract.refusals import (
    CardNumberRefused,
    IdempotencyKeyReused,
    ParameterInvalid,
    ParameterMissing,
    Refusal,
)
from producer.journal import JournalFault
from producer.journal import JournalUnavailable as Unavailable
from producer.security.command_signatures import Flaw

__all__ = [
    "CardNumberRefused",
    "CommandError",
    "CommandNotFound",
    "IdempotencyKeyReused",
    "JournalFault",
    "NotCancellable",
    "NotFailed",
    "NotVouchedFor",
    "ParameterInvalid",
    "ParameterMissing",
    "RecordDamaged",
    "Refusal",
    "ResultGone",
    "Unavailable",
    "WaitTimeout",
]


class CommandError(Exception):
    """An error about one command; `id` is the command's."""

    def __init__(self, command_id: str, message: str) -> None:
        self.id = command_id
        super().__init__(message)


class CommandNotFound(CommandError):
    """The id was never accepted, or its status is no longer kept."""

    def __init__(self, command_id: str) -> None:
        super().__init__(command_id, f"there is no command {command_id}")


class RecordDamaged(CommandError):
    """The command's record in the journal cannot be read; the outcome is not known."""

    def __init__(self, command_id: str, what: str) -> None:
        super().__init__(command_id, f"the record of command {command_id} is damaged: {what}")


class ResultGone(CommandError):
    """The command ended, and its envelope was deleted or is damaged; `status` says how it ended."""

    def __init__(self, status: CommandStatus) -> None:
        self.status = status
        super().__init__(
            status.id, f"command {status.id} is {status.state.value}, and its result is gone"
        )


class WaitTimeout(CommandError):
    """The command did not end in time. It goes on; `status` is where it stood."""

    def __init__(self, status: CommandStatus) -> None:
        self.status = status
        super().__init__(status.id, f"command {status.id} is still {status.state.value}")


class NotCancellable(CommandError):
    """The command was sent, or has ended; `state` says which."""

    def __init__(self, command_id: str, state: State) -> None:
        self.state = state
        super().__init__(command_id, f"cannot cancel {command_id}: it is {state.value}")


class NotFailed(CommandError):
    """Only a failed command can be replayed; `state` is the one it is in."""

    def __init__(self, command_id: str, state: State) -> None:
        self.state = state
        super().__init__(command_id, f"{command_id} has not failed: it is {state.value}")


class NotVouchedFor(CommandError):
    """A replay would sign a command that no known sender ordered; `flaw` says why."""

    def __init__(self, command_id: str, flaw: Flaw) -> None:
        self.flaw = flaw
        what = {
            Flaw.MISSING: "it is not signed, and signatures are demanded",
            Flaw.INVALID: "its signature does not fit it, or is of a key that is not listed",
            Flaw.STALE: "it was signed too long ago",
        }
        super().__init__(command_id, f"{command_id} is not replayed: {what[flaw]}")

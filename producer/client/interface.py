"""The methods of both clients, with the docstrings that the classes inherit.

A method's parameters and the type of its result are those of the class: the async client's methods
are awaited, and its iterators are async.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any


class Interface(ABC):
    """What `CardCommands` and `AsyncCardCommands` can do."""

    @abstractmethod
    def assign(self, *args: Any, **kwargs: Any) -> object:
        """Attach a token (`tok_`, `src_`, `pm_`) to a customer. Raises as `send` does."""

    @abstractmethod
    def set_default(self, *args: Any, **kwargs: Any) -> object:
        """Make an attached card (`card_`, `src_`, `pm_`) the default. Raises as `send` does."""

    @abstractmethod
    def send(self, *args: Any, **kwargs: Any) -> object:
        """Have a command accepted.

        `metadata` are tags of yours: at most 10, 1 kB together, names of a-z, 0-9, _ and -. They
        do not change how the command is executed, and are part of its status.

        Raises:
            Refusal: the order, its key, lane or metadata is not acceptable; nothing was accepted.
            Unavailable: Redis is out of reach. Whether the command was accepted is not known:
                send it again under the same idempotency key.
        """

    @abstractmethod
    def send_many(self, *args: Any, **kwargs: Any) -> object:
        """Have many commands accepted, 500 in a round trip; yields their handles in order.

        Items are orders, (order, idempotency key) or (order, key or None, metadata); they are drawn
        as the handles are, so memory stays flat. A refused item goes to `on_refused`, or, without
        one, is raised once all that precede it have been yielded.

        Raises:
            Refusal: as `send` does; items of the same 500 may have been accepted.
            Unavailable: as `send` does, for the 500 under way. Keys make repeating safe.
        """

    @abstractmethod
    def status(self, *args: Any, **kwargs: Any) -> object:
        """The command's status: as soon as the command has ended, or after `wait` seconds.

        Raises:
            CommandNotFound: the id was never accepted, or is no longer kept.
            RecordDamaged: the command's record in the journal cannot be read.
            Unavailable: Redis is out of reach, or has lost its data (`other_data`).
        """

    @abstractmethod
    def wait(self, *args: Any, **kwargs: Any) -> object:
        """The command's envelope, once it has ended; `timeout` in seconds, None for ever.

        An envelope of status false is an answer, not an error.

        Raises:
            WaitTimeout: the command has not ended in time; it goes on by itself.
            ResultGone: the command ended, and its envelope was deleted or is damaged.
            CommandNotFound, RecordDamaged, Unavailable: as `status` does.
        """

    @abstractmethod
    def cancel(self, *args: Any, **kwargs: Any) -> object:
        """Cancel a command that was not sent yet.

        Raises:
            NotCancellable: the command was sent, or has ended.
            CommandNotFound, Unavailable: as `status` does.
        """

    @abstractmethod
    def failed(self, *args: Any, **kwargs: Any) -> object:
        """The failed commands, the oldest first. Raises Unavailable."""

    @abstractmethod
    def failed_command(self, *args: Any, **kwargs: Any) -> object:
        """One failed command. Raises NotFailed, CommandNotFound or Unavailable."""

    @abstractmethod
    def replay(self, *args: Any, **kwargs: Any) -> object:
        """Accept a failed command again, under its id; returns the state it is in then.

        That is `superseded` where a newer command of its customer was applied since.

        Raises:
            NotFailed: the command has not failed.
            NotVouchedFor: its signature is missing or wrong.
            CommandNotFound, RecordDamaged, Unavailable: as `status` does.
        """

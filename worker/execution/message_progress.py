"""How far the commands of one message have come."""

from __future__ import annotations

from typing import Protocol

from producer.journal import Grant


class MessageProgress(Protocol):
    """Is notified about each command of a message."""

    def started(self, grant: Grant) -> None:
        """An attempt of the command starts."""

    def done(self) -> None:
        """Nothing more can be done for the command now."""


class _NoProgress:
    """For messages of one command, and for work that no message asked for."""

    def started(self, grant: Grant) -> None:
        """Ignored."""

    def done(self) -> None:
        """Ignored."""


NO_PROGRESS = _NoProgress()

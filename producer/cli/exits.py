"""The exit codes."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The outcome, for scripts that do not read the output."""

    DONE = 0  # done; or accepted, where no wait was asked for
    NOT_DONE = 1  # rejected, superseded, cancelled or failed; unknown id; a setting is wrong
    USAGE = 2  # wrong usage, a refused order included: nothing was accepted
    UNREACHABLE = 3  # Redis, the web process or a worker is out of reach
    NOT_ENDED = 4  # accepted, but not ended in the time waited
    JOURNAL_LOST = 5  # Redis has lost the data a migration was started with: a person must decide
    INTERRUPTED = 130  # Ctrl-C, as shells number it


class Stopped(Exception):
    """Ends a command that has already printed its message."""

    def __init__(self, code: Exit) -> None:
        self.code = code
        super().__init__(code.name)

"""Exit codes, and which of them each error means."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a script learns of the outcome without reading the output."""

    DONE = 0  # done; or accepted, where no wait was asked for
    NOT_DONE = (
        1  # rejected, superseded, cancelled or failed; nothing by that id; a setting is wrong
    )
    USAGE = 2  # wrong usage, a refused order included: nothing was accepted
    UNREACHABLE = 3  # Redis, the web process or a worker is out of reach
    NOT_ENDED = 4  # accepted, but not ended in the time that was waited
    JOURNAL_LOST = 5  # Redis has lost what a migration was begun in: a person must decide
    INTERRUPTED = 130  # Ctrl-C, as shells number it


class Stopped(Exception):
    """Ends a command that has already said what there is to say."""

    def __init__(self, code: Exit) -> None:
        self.code = code
        super().__init__(code.name)

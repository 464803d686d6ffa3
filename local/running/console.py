"""The output of `make up`: each line is preceded by the name of the process that wrote it."""

from __future__ import annotations

import os
import select

_COLOURS = (36, 32, 33, 35, 34, 96, 92)
_RED = 31
_WIDTH = 8


class Console:
    """Writes lines to a file descriptor without ever blocking.

    If nothing reads the output, the supervisor must still restart and end its processes, so lines
    that do not fit are dropped and counted.
    """

    def __init__(self, descriptor: int = 1) -> None:
        self._descriptor = descriptor
        self._coloured = os.isatty(descriptor) and "NO_COLOR" not in os.environ
        self._seen: dict[str, int] = {}
        self._dropped = 0

    def line(self, name: str, text: str) -> None:
        """Write one line of a process's output."""
        self._write(f"{self._paint(f'{name:<{_WIDTH}}|', self._colour_of(name))} {text}\n")

    def say(self, text: str) -> None:
        """Write the supervisor's own text, unchanged."""
        self._write(f"{text}\n")

    def complain(self, text: str) -> None:
        """Write the supervisor's own text in red."""
        self._write(f"{self._paint(text, _RED)}\n")

    def _colour_of(self, name: str) -> int:
        return _COLOURS[self._seen.setdefault(name, len(self._seen)) % len(_COLOURS)]

    def _paint(self, text: str, colour: int) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured else text

    def _write(self, text: str) -> None:
        if self._dropped:
            text = f"... {self._dropped} lines were dropped: the output was not read\n{text}"
        data = text.encode(errors="replace")
        # A pipe that polls as writable accepts at least PIPE_BUF bytes without blocking.
        for start in range(0, len(data), select.PIPE_BUF):
            try:
                if not select.select([], [self._descriptor], [], 0)[1]:
                    self._dropped += 1
                    return
                os.write(self._descriptor, data[start : start + select.PIPE_BUF])
            except (OSError, ValueError):
                return  # the terminal was closed
        self._dropped = 0

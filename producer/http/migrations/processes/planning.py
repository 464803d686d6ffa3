"""A child process that plans an upload and, on request, enters it as a migration."""

from __future__ import annotations

import json
from asyncio.subprocess import Process
from typing import Any

from producer.migrations.processes.plan_process import ENTER


class ChildFailed(Exception):
    """A child process ended without an answer; `exit_code` is negative for a signal."""

    def __init__(self, what: str, exit_code: int | None) -> None:
        self.what = what
        self.exit_code = exit_code
        super().__init__(f"{what} ended with exit code {exit_code}")


class PlanningChild:
    """The dialogue with the child. Once `entering` is set, nothing ends the child any more."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.entering = False

    def send(self, line: bytes) -> None:
        """Send a line to the child, unless it has ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(line)

    def close(self) -> None:
        """Close the child's standard input."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    async def planned(self) -> dict[str, Any]:
        """The plan, or the reason why there is none. Raises ChildFailed."""
        return await self._answer("planning an upload")

    async def enter(self) -> dict[str, Any]:
        """Have the migration entered; not to be interrupted. Raises ChildFailed."""
        self.entering = True
        self.send(ENTER)
        answer = await self._answer("entering a migration")
        await self._process.wait()
        return answer

    async def _answer(self, what: str) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise ChildFailed(what, await self._process.wait())
        answer: dict[str, Any] = json.loads(line)
        return answer

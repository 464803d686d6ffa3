"""The child process of a quarantine: one attempt, its verdict on standard output."""

from __future__ import annotations

import asyncio
import os
import sys
import threading

from worker.execution.quarantine import read_attempt, write_verdict
from worker.handlers.attempt import LeaseLost
from worker.handlers.registry import handlers_of
from worker.settings import WorkerSettings


async def main() -> None:
    """Read the attempt from standard input, make it, write its verdict."""
    attempt = read_attempt(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    gateway, handlers = handlers_of(WorkerSettings.from_environ(os.environ))
    try:
        verdict = write_verdict(await handlers[attempt.command.kind].carry_out(attempt))
    except LeaseLost:
        verdict = write_verdict(None)
    finally:
        await gateway.close()
    sys.stdout.write(verdict)


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


if __name__ == "__main__":
    asyncio.run(main())

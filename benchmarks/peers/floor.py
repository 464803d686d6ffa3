"""The floor: only the SDK's calls, 50 at a time, without a queue."""

from __future__ import annotations

import asyncio
import os
import sys

from benchmarks.peers import bare_job

_AT_A_TIME = 50


async def _calls(prefix: str, count: int) -> None:
    sdk = _sdk
    numbers = iter(range(count))

    async def one_after_another() -> None:
        for number in numbers:
            name = f"{prefix}x{number}"
            await bare_job.call(sdk, f"cus_{name}", "tok_visa", name)

    await asyncio.gather(*(one_after_another() for _ in range(_AT_A_TIME)))


_sdk = bare_job.client(os.environ["STRIPE_API_BASE"], bare_job.AsyncHttp())


def main() -> None:
    """Each line of input is a prefix for names, and a number of calls."""
    with asyncio.Runner() as runner:
        for line in sys.stdin:
            prefix, count = line.split()
            runner.run(_calls(prefix, int(count)))
            print("done", flush=True)


if __name__ == "__main__":
    main()

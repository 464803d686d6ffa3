"""Puts jobs into a peer's queue: `python -m benchmarks.peers.feeder arq`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

# A durable Redis answers a single connection slowly; the workers must not wait for the feeder.
_AT_A_TIME = 20

Put = Callable[[str, str], Awaitable[Any]]


async def _arq() -> Put:
    from arq import create_pool  # type: ignore[import-not-found]
    from arq.connections import RedisSettings  # type: ignore[import-not-found]

    pool = await create_pool(RedisSettings.from_dsn(os.environ["REDIS_URL"]))

    def put(name: str, customer: str) -> Awaitable[Any]:
        found: Awaitable[Any] = pool.enqueue_job(
            "assign", _job_id=name, customer=customer, source="tok_visa"
        )
        return found

    return put


async def _saq() -> Put:
    from saq import Queue  # type: ignore[import-not-found]

    queue = Queue.from_url(os.environ["REDIS_URL"])
    await queue.connect()

    def put(name: str, customer: str) -> Awaitable[Any]:
        found: Awaitable[Any] = queue.enqueue(
            "assign", key=name, customer=customer, source="tok_visa"
        )
        return found

    return put


async def _put_all(put: Put, prefix: str, count: int, rate: float) -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    numbers = iter(range(count))

    async def one_after_another() -> None:
        for number in numbers:
            name = f"{prefix}x{number}"
            await put(name, f"cus_{name}")
            ahead = started + (number + 1) / rate - loop.time() if rate else 0.0
            if ahead > 0:
                await asyncio.sleep(ahead)

    await asyncio.gather(*(one_after_another() for _ in range(1 if rate else _AT_A_TIME)))


def main() -> None:
    """Each line of input is a prefix for names, a number of jobs, and jobs a second (0: any)."""
    with asyncio.Runner() as runner:
        put = runner.run({"arq": _arq, "saq": _saq}[sys.argv[1]]())
        for line in sys.stdin:
            prefix, count, rate = line.split()
            runner.run(_put_all(put, prefix, int(count), float(rate)))
            print("queued", flush=True)


if __name__ == "__main__":
    main()

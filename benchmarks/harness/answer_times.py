"""Interactive commands at a steady pace, and their times to the answer."""

from __future__ import annotations

import asyncio
import time

from benchmarks.harness.names import fresh_customer
from producer import AsyncCardCommands

EVERY_S = 0.2


async def times_to_answer(url: str, count: int) -> list[float]:
    """Milliseconds from sending to the envelope."""
    async with AsyncCardCommands(url) as client:

        async def one() -> float:
            started = time.perf_counter()
            handle = await client.assign(customer=fresh_customer(), source="tok_visa")
            await handle.wait(60)
            return 1000 * (time.perf_counter() - started)

        sent = []
        for _ in range(count):
            sent.append(asyncio.create_task(one()))
            await asyncio.sleep(EVERY_S)
        return list(await asyncio.gather(*sent))

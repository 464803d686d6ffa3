"""The same from asyncio code. Needs REDIS_URL."""

import asyncio

from producer import AsyncCardCommands


async def main() -> None:
    async with AsyncCardCommands.from_env() as cards:
        handle = await cards.set_default(
            customer="cus_QRs9eKZ4xUzN2TP9", card="card_1QRs9eKZ4xUzN2TPabcdefgh"
        )
        print((await handle.wait(timeout=10)).message)


asyncio.run(main())

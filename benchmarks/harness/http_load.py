"""Load for an HTTP server: one request over kept connections, and its CPU cost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from benchmarks.harness import meter

_CONNECTIONS = 32


async def load(
    port: int, request: Callable[[], bytes], count: int, pid: int
) -> tuple[float, float]:
    """Requests a second, and the server's CPU for each in milliseconds.

    Raises RuntimeError if an answer is not 2xx.
    """
    left = count

    async def client() -> None:
        nonlocal left
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while left > 0:
            left -= 1
            writer.write(request())
            head = await reader.readuntil(b"\r\n\r\n")
            if head[9:10] != b"2":
                raise RuntimeError(f"answered {head[:12]!r}")
            await reader.readexactly(_length(head))
        writer.close()

    cpu, started = meter.cpu_s(pid), time.monotonic()
    await asyncio.gather(*(client() for _ in range(_CONNECTIONS)))
    took = time.monotonic() - started
    return count / took, 1000 * (meter.cpu_s(pid) - cpu) / count


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length:")
    return int(rest.partition(b"\r\n")[0])

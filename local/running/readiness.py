"""Asks a process whether it is ready, over HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; without one, `status` is 0 and `body` gives the reason."""

    status: int
    body: str

    @property
    def ok(self) -> bool:
        return self.status == 200


async def get(host: str, port: int, path: str, timeout: float = 5.0) -> Answer:
    """GET `http://host:port/path`. Never raises: failures are in the Answer."""
    try:
        async with asyncio.timeout(timeout):
            return await _get(host, port, path)
    except TimeoutError:
        return Answer(0, f"no answer within {timeout:g} s")
    except (OSError, ValueError, IndexError) as error:
        return Answer(0, str(error) or type(error).__name__)


async def _get(host: str, port: int, path: str) -> Answer:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        request = f"GET {path} HTTP/1.0\r\nHost: {host}:{port}\r\nAccept: */*\r\n\r\n"
        writer.write(request.encode())
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
        return Answer(int(head.split(b" ", 2)[1]), body.decode(errors="replace").strip())
    finally:
        writer.close()

"""A relay to the sandbox for each worker, which knows the worker's requests in progress.

Bytes pass unchanged. Of the requests only the idempotency key is read, so that at a kill the
commands that the worker was executing are known.
"""

from __future__ import annotations

import asyncio
import contextlib
import re

_KEY = re.compile(rb"\r\nidempotency-key:[ \t]*([^\r\n]+)\r\n", re.IGNORECASE)


class Relay:
    """Listens on a loopback port and forwards everything to `target`, another port."""

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self._target = target
        self._held: dict[int, str] = {}
        self._server: asyncio.Server | None = None
        self._numbers = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", self.port)

    @property
    def held(self) -> tuple[str, ...]:
        """The idempotency keys of unanswered writes."""
        return tuple(self._held.values())

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._numbers += 1
        number = self._numbers
        try:
            upstream = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        try:
            tasks = {
                asyncio.create_task(self._forward(number, reader, upstream[1])),
                asyncio.create_task(self._backward(number, upstream[0], writer)),
            }
            # The end of either side ends both: a cut connection is cut for the worker too.
            _, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in left:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            self._held.pop(number, None)
            for end in (writer, upstream[1]):
                end.close()

    async def _forward(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                found = _KEY.search(data)
                if found:
                    self._held[number] = found[1].decode(errors="replace")
                writer.write(data)
                await writer.drain()

    async def _backward(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                self._held.pop(number, None)
                writer.write(data)
                await writer.drain()

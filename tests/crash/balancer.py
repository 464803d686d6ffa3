"""A load balancer for several web processes: checks readiness, forwards bytes."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self

import aiohttp

_CHUNK = 65_536
_CHECK_INTERVAL_S = 0.05


class Balancer:
    """Forwards each new connection to the next port that is ready; open ones stay."""

    def __init__(self, ports: list[int]) -> None:
        self.ready: set[int] = set()
        self.open = dict.fromkeys(ports, 0)
        """Connections by port."""
        self.total = dict.fromkeys(ports, 0)
        """All connections so far, by port."""
        self._turn = 0
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    async def until_ready(self, port: int) -> None:
        """Return once the port receives connections."""
        async with self._changed:
            await self._changed.wait_for(lambda: port in self.ready)

    async def until_drained(self, port: int) -> None:
        """Return once the port receives none, and those it had are closed."""
        async with self._changed:
            await self._changed.wait_for(lambda: port not in self.ready and not self.open[port])

    async def _check(self, session: aiohttp.ClientSession, port: int) -> None:
        while True:
            try:
                url = f"http://127.0.0.1:{port}/readyz?only=web"
                async with session.get(url) as response:
                    ready = response.status == 200
            except (aiohttp.ClientError, OSError):
                ready = False
            if ready != (port in self.ready):
                (self.ready.add if ready else self.ready.discard)(port)
                await self._notify()
            await asyncio.sleep(_CHECK_INTERVAL_S)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _forward(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        for port in self._rotated():
            try:
                far, to_far = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue  # refused: try the next port
            self.open[port] += 1
            self.total[port] += 1
            try:
                pumps = [_pump(near, to_far), _pump(far, to_near)]
                tasks = [asyncio.create_task(pump) for pump in pumps]
                # Either side may end it.
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    task.cancel()
            finally:
                to_far.close()
                self.open[port] -= 1
                await self._notify()
            break
        to_near.close()

    def _rotated(self) -> list[int]:
        self._turn += 1
        ready = sorted(self.ready)
        first = self._turn % len(ready) if ready else 0
        return ready[first:] + ready[:first]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        self._tasks = {asyncio.create_task(self._check(self._session, port)) for port in self.open}
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()
        self._server.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()

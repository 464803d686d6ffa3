"""One address before several web processes, as balancers have it: readiness asked, bytes passed."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self

import aiohttp

_CHUNK = 65_536
_LOOK_EACH_S = 0.05


class Balancer:
    """Gives each new connection to the next port that is ready; open ones stay where they are."""

    def __init__(self, ports: list[int]) -> None:
        self.ready: set[int] = set()
        self.open = dict.fromkeys(ports, 0)
        """Connections by port."""
        self.taken = dict.fromkeys(ports, 0)
        """Connections there ever were, by port."""
        self._turn = 0
        self._changed = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        host, port = self._server.sockets[0].getsockname()
        return f"http://{host}:{port}"

    async def until_ready(self, port: int) -> None:
        """Return once the process at the port gets connections."""
        async with self._changed:
            await self._changed.wait_for(lambda: port in self.ready)

    async def until_left(self, port: int) -> None:
        """Return once it gets none, and those it had are closed."""
        async with self._changed:
            await self._changed.wait_for(lambda: port not in self.ready and not self.open[port])

    async def _look(self, session: aiohttp.ClientSession, port: int) -> None:
        while True:
            try:
                url = f"http://127.0.0.1:{port}/readyz?only=web"
                async with session.get(url) as response:
                    ready = response.status == 200
            except (aiohttp.ClientError, OSError):
                ready = False
            if ready != (port in self.ready):
                (self.ready.add if ready else self.ready.discard)(port)
                await self._tell()
            await asyncio.sleep(_LOOK_EACH_S)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _pass(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        for port in self._in_turn():
            try:
                far, to_far = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                continue  # refused: the next one is asked
            self.open[port] += 1
            self.taken[port] += 1
            try:
                pumps = [_pump(near, to_far), _pump(far, to_near)]
                tasks = [asyncio.create_task(pump) for pump in pumps]
                # Whichever side ends it.
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in tasks:
                    task.cancel()
            finally:
                to_far.close()
                self.open[port] -= 1
                await self._tell()
            break
        to_near.close()

    def _in_turn(self) -> list[int]:
        self._turn += 1
        ready = sorted(self.ready)
        first = self._turn % len(ready) if ready else 0
        return ready[first:] + ready[:first]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        self._tasks = {asyncio.create_task(self._look(self._session, port)) for port in self.open}
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

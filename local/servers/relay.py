"""A TCP relay on loopback whose target can change while connections are open."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

from local.processes.ports import free_port

T = TypeVar("T")
_CHUNK = 65_536


class _Connection:
    """A relayed connection; it stays with the target it was opened to."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.near, self.far = near, far
        self.silent = False

    def close(self) -> None:
        for end in (self.near, self.far):
            end.transport.abort()


class Relay:
    """Relays new connections to the present target; open ones keep theirs.

    It stands for a proxy, a service address or a DNS name during a failover. It runs in its own
    thread, so blocking callers need no event loop.
    """

    def __init__(self, target: int, *, tls: ssl.SSLContext | None = None) -> None:
        """`target` is a loopback port; with `tls`, the relay terminates TLS."""
        self.port = free_port()
        self._target = target
        self._tls = tls
        self._open: set[_Connection] = set()
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Listen, and return once connections are accepted."""
        self._thread = threading.Thread(
            target=self._loop.run_forever, name=f"relay {self.port}", daemon=True
        )
        self._thread.start()
        self._run(asyncio.start_server(self._pass, "127.0.0.1", self.port, ssl=self._tls))
        return self

    def stop(self) -> None:
        """Close all connections. Does nothing if the relay was not started."""
        if self._thread is None:
            return
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._thread = None
        self._loop.close()

    @property
    def connections(self) -> int:
        """The number of open connections, including silent ones."""
        return len(self._open)

    def point_at(self, target: int) -> None:
        """Relay new connections to another port of this machine from now on."""
        self._target = target

    def swallow(self) -> None:
        """Read what open connections send, and never answer: a half-open network."""

        def silence() -> None:
            for connection in self._open:
                connection.silent = True

        self._call(silence)

    def cut(self) -> None:
        """Reset the open connections; new ones are accepted."""

        def close() -> None:
            for connection in self._open:
                connection.close()

        self._call(close)

    def _call(self, work: Callable[[], None]) -> None:
        async def call() -> None:
            work()

        self._run(call())

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _end(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._join(reader, writer, self._target)

    async def _join(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: int
    ) -> None:
        try:
            far, to_far = await asyncio.open_connection("127.0.0.1", target)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(writer, to_far)
        self._open.add(connection)
        sent = asyncio.create_task(_pump(connection, reader, to_far))
        answered = asyncio.create_task(_pump(connection, far, writer))
        try:
            await asyncio.wait({sent, answered}, return_when=asyncio.FIRST_COMPLETED)
            if connection.silent:  # the caller must not see that the target has closed
                await asyncio.wait({sent})
        except asyncio.CancelledError:
            pass  # the relay stops; otherwise asyncio would log this as the connection's error
        finally:
            for task in (sent, answered):
                task.cancel()
            self._open.discard(connection)
            connection.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


async def _pump(
    connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            if not connection.silent:
                writer.write(data)
                await writer.drain()

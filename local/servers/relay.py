"""A way to a server on loopback that can be moved to another while connections are open."""

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


class _Way:
    """One connection and what it was connected to when it was made."""

    def __init__(self, near: asyncio.StreamWriter, far: asyncio.StreamWriter) -> None:
        self.near, self.far = near, far
        self.silent = False

    def close(self) -> None:
        for end in (self.near, self.far):
            end.transport.abort()


class Relay:
    """New connections go to the present target; open ones stay where they are.

    Stands for what a proxy, a service's address or a DNS name does at a failover. Works on a
    thread of its own, so blocking callers need no event loop.
    """

    def __init__(self, target: int, *, tls: ssl.SSLContext | None = None) -> None:
        """`target` is a loopback port; with `tls`, what comes in is TLS and goes on in plain."""
        self.port = free_port()
        self._target = target
        self._tls = tls
        self._ways: set[_Way] = set()
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Listen, and return once connections are taken."""
        self._thread = threading.Thread(
            target=self._loop.run_forever, name=f"relay {self.port}", daemon=True
        )
        self._thread.start()
        self._run(asyncio.start_server(self._pass, "127.0.0.1", self.port, ssl=self._tls))
        return self

    def stop(self) -> None:
        """Close everything. Does nothing where it was not started."""
        if self._thread is None:
            return
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._thread = None
        self._loop.close()

    @property
    def connections(self) -> int:
        """How many are open, those that are silent among them."""
        return len(self._ways)

    def point_at(self, target: int) -> None:
        """From now on new connections go to another port of this machine."""
        self._target = target

    def swallow(self) -> None:
        """From now on read what open connections send, and never answer: a half-open network."""

        def silence() -> None:
            for way in self._ways:
                way.silent = True

        self._call(silence)

    def cut(self) -> None:
        """Reset the open connections; new ones are taken."""

        def close() -> None:
            for way in self._ways:
                way.close()

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
        way = _Way(writer, to_far)
        self._ways.add(way)
        sent = asyncio.create_task(_pump(way, reader, to_far))
        answered = asyncio.create_task(_pump(way, far, writer))
        try:
            await asyncio.wait({sent, answered}, return_when=asyncio.FIRST_COMPLETED)
            if way.silent:  # the caller is not told that the other side has gone
                await asyncio.wait({sent})
        except asyncio.CancelledError:
            pass  # the relay stops; asyncio would report it as an error of the connection's
        finally:
            for task in (sent, answered):
                task.cancel()
            self._ways.discard(way)
            way.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


async def _pump(way: _Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            if not way.silent:
                writer.write(data)
                await writer.drain()

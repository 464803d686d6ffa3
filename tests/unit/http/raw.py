"""A client that sends raw bytes and reads answers."""

from __future__ import annotations

import asyncio
import json
import socket
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

_CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class RawAnswer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The envelope's code."""
        envelope: dict[str, Any] = json.loads(self.body)
        assert envelope["status"] is False
        assert envelope["data"] is None
        assert envelope["message"]
        return str(envelope["code"])


class RawClient:
    """One connection."""

    def __init__(self, port: int, *, buffer: int | None = None) -> None:
        """`buffer`: about how many bytes the kernel receives before the client reads them."""
        self._port = port
        self._buffer = buffer
        self._sending: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        sock = socket.socket()
        if self._buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self._port))
        limit = _CHUNK if self._buffer is None else self._buffer
        self.reader, self.writer = await asyncio.open_connection(sock=sock, limit=limit)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._sending is not None:
            self._sending.cancel()
        self.writer.transport.abort()

    async def send(self, *parts: bytes) -> None:
        """Send all parts, or what the server accepts before it closes."""
        with suppress(ConnectionError):
            for part in parts:
                view = memoryview(part)
                for start in range(0, len(part), _CHUNK):
                    self.writer.write(view[start : start + _CHUNK])
                    await self.writer.drain()

    def sending(self, part: bytes, times: int) -> None:
        """Send the part repeatedly, in the background."""

        async def repeatedly() -> None:
            with suppress(ConnectionError):
                for _ in range(times):
                    self.writer.write(part)
                    await self.writer.drain()

        self._sending = asyncio.create_task(repeatedly())

    async def sent(self) -> None:
        """Return once the background sending ends, or the server closes."""
        assert self._sending is not None
        await self._sending

    async def answer(self) -> RawAnswer:
        """The next answer."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.rstrip().split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
        }
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return RawAnswer(int(first.split()[1]), headers, body)

    async def ended(self) -> bytes:
        """Everything until the server closes or resets the connection."""
        with suppress(ConnectionError):
            return await self.reader.read()
        return b""

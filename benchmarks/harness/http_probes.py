"""What hostile clients get from an HTTP server, and the cost to it and to other clients."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psutil  # type: ignore[import-untyped]

from benchmarks.harness import meter
from benchmarks.harness.names import fresh_customer

HEAD = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
_METRICS = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
_PATIENCE_S = 60.0


@dataclass
class Effect:
    """The effect on the server, and on another client that asks for /healthz meanwhile."""

    grew_mb: float = 0.0
    longest_ms: float = 0.0

    def __str__(self) -> str:
        return f"+{max(0.0, self.grew_mb):.0f} MB, others wait {self.longest_ms:.0f} ms at most"


@asynccontextmanager
async def effect(port: int, pid: int) -> AsyncIterator[Effect]:
    """Measure an effect; the figures are complete at the end."""
    seen, before = Effect(), meter.rss_mb(pid)

    async def others() -> None:
        while True:
            started = time.monotonic()
            try:
                await _asked(port, HEAD + b"Connection: close\r\n\r\n")
            finally:
                seen.longest_ms = max(seen.longest_ms, 1000 * (time.monotonic() - started))
            await asyncio.sleep(0.02)

    async def memory() -> None:
        while True:
            seen.grew_mb = max(seen.grew_mb, meter.rss_mb(pid) - before)
            await asyncio.sleep(0.05)

    tasks = [asyncio.create_task(others()), asyncio.create_task(memory())]
    try:
        yield seen
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def flooded(port: int, prefix: bytes, piece: bytes, times: int, end: bytes = b"") -> str:
    """The answer to a head of `times` pieces, and its time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    started = time.monotonic()

    async def send() -> None:
        with suppress(ConnectionError):
            writer.write(prefix)
            for _ in range(times):
                writer.write(piece)
                await writer.drain()
            writer.write(end)

    sending = asyncio.create_task(send())
    try:
        return await _answer(reader, started)
    finally:
        sending.cancel()
        writer.transport.abort()


async def held(port: int, request: bytes, seconds: float, buffer: int = 0) -> str:
    """What happens to a connection whose client sends `request`, and then nothing."""
    sock = socket.socket()
    if buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    sock.connect(("127.0.0.1", port))
    started = time.monotonic()
    reader, writer = await asyncio.open_connection(sock=sock, limit=buffer or 65_536)
    writer.write(request)
    try:
        async with asyncio.timeout(seconds):
            if buffer:  # a client that does not read sees the end only as a reset
                await _reset(sock)
                return f"cut off after {time.monotonic() - started:.1f} s"
            return await _answer(reader, started)
    except TimeoutError:
        return f"kept for {seconds:g} s and longer"
    finally:
        writer.transport.abort()


async def many_heads(port: int, count: int, size: int) -> str:
    """Have `count` connections send a head of `size` bytes, without an end, and stay open."""
    started = time.monotonic()
    writers: list[asyncio.StreamWriter] = []

    async def one() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        with suppress(ConnectionError):
            writer.write(HEAD)
            for _ in range(size // 8192):
                writer.write(b"X-Header: " + b"a" * 8180 + b"\r\n")
                await writer.drain()

    try:
        async with asyncio.timeout(_PATIENCE_S):
            await asyncio.gather(*(one() for _ in range(count)))
    except TimeoutError:
        return f"not taken in {_PATIENCE_S:g} s"
    finally:
        for writer in writers:
            writer.transport.abort()
    return f"taken or refused in {time.monotonic() - started:.1f} s"


def command(wait: str = "respond-async") -> bytes:
    """A command for a new customer."""
    body = json.dumps({"userId": fresh_customer(), "source": "tok_visa"}).encode()
    head = f"POST /api/cards/assign HTTP/1.1\r\nHost: 127.0.0.1\r\nPrefer: {wait}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def stopped(port: int, process: Any) -> str:
    """What a waiting caller gets at SIGTERM, and how the process ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(command("wait=30"))
    await _waiting(port, 1)
    started = time.monotonic()
    process.terminate()
    answer = "no answer"
    with suppress(TimeoutError):
        async with asyncio.timeout(30):
            answer = await _answer(reader, started)
    try:
        code = await asyncio.to_thread(process.wait, 30)
    except Exception:
        code = "none in 30 s"
    writer.close()
    return f"{answer}; exit code {code}, {time.monotonic() - started:.1f} s"


async def left(port: int) -> str:
    """Whether the server stops waiting for a caller that has gone."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(command("wait=30"))
    await _waiting(port, 1)
    writer.close()
    try:
        await _waiting(port, 0, 5)
    except TimeoutError:
        return "the application is not told within 5 s"
    return "the application is told"


async def _asked(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await reader.read()
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader, started: float) -> str:
    line = b""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            line = await reader.readline()
    except ConnectionError:
        pass
    except TimeoutError:
        return f"no answer in {_PATIENCE_S:g} s"
    status = line.split()[1].decode() if line.startswith(b"HTTP/") else "closed"
    return f"{status} after {time.monotonic() - started:.2f} s"


async def _reset(sock: socket.socket) -> None:
    """Wait until the server has cut the connection, according to the operating system."""
    port = sock.getsockname()[1]
    while any(
        one.raddr and one.raddr.port == port and one.status == psutil.CONN_ESTABLISHED
        for one in await asyncio.to_thread(psutil.net_connections, "tcp")
    ):
        pass


async def _waiting(port: int, callers: int, seconds: float = _PATIENCE_S) -> None:
    """Wait until `callers` callers wait, by the metrics. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while b"cards_http_waiters %d.0" % callers not in await _asked(port, _METRICS):
            pass

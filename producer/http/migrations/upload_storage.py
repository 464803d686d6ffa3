"""Writes uploads to disk as they arrive, so that a slow one delays nobody else."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

from producer.migrations.input.input_file import HEAD
from producer.migrations.storage.data_directory import made_private

# Uploads being received, planned, or waiting to be planned.
PLACES = 32
_FULL_SIZE = 4  # so many uploads of the largest size fit on disk together


class UploadsBusy(Exception):
    """Too many uploads at once; the caller may retry soon."""

    retry_after_s = 5


class UploadStorage:
    """Uploads in progress, limited in number and in bytes on disk."""

    def __init__(self, folder: Path, limit: int) -> None:
        """`limit` is the size of the largest upload, in bytes."""
        self._folder = folder
        self._max_bytes = _FULL_SIZE * limit
        self._in_progress = 0
        self._bytes = 0

    @asynccontextmanager
    async def received(
        self, file: AsyncIterator[bytes], check_head: Callable[[bytes], None]
    ) -> AsyncIterator[int]:
        """The descriptor of the complete file, which has no name on disk.

        The file vanishes with the context, and with the process however that ends. A thread calls
        `check_head` with the first mebibyte before anything is written.

        Raises:
            UploadsBusy, and whatever `file` and `check_head` raise.
        """
        if self._in_progress >= PLACES:
            raise UploadsBusy
        self._in_progress += 1
        held = 0
        out: IO[bytes] | None = None
        try:
            async for chunk in _pieces(file):
                held += len(chunk)
                self._bytes += len(chunk)
                if self._bytes > self._max_bytes:
                    raise UploadsBusy
                if out is None:
                    await asyncio.to_thread(check_head, chunk)
                    out = await _uninterrupted(_nameless, self._folder)
                await _uninterrupted(out.write, chunk)
            if out is None:
                await asyncio.to_thread(check_head, b"")
                out = await _uninterrupted(_nameless, self._folder)
            await _uninterrupted(out.flush)
            yield out.fileno()
        finally:
            self._in_progress -= 1
            self._bytes -= held
            if out is not None:
                await _uninterrupted(out.close)


def _nameless(folder: Path) -> IO[bytes]:
    return tempfile.TemporaryFile(dir=made_private(folder))


async def _pieces(file: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The bytes in pieces large enough to be worth a write."""
    buffer = bytearray()
    async for chunk in file:
        buffer += chunk
        if len(buffer) >= HEAD:
            yield bytes(buffer)
            buffer.clear()
    if buffer:
        yield bytes(buffer)


async def _uninterrupted(call: Callable[..., Any], *args: Any) -> Any:
    """Run the call in a thread, to its end even if this is cancelled: it uses an open file."""
    task = asyncio.create_task(asyncio.to_thread(call, *args))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise

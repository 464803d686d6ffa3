"""Takes uploads to disk as slowly as they come, so that nobody else waits for them."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any

from producer.migrations.input.input_file import HEAD
from producer.migrations.storage.data_directory import made_private

# Received, planned, or waiting for it.
PLACES = 32
_AT_ONCE = 4  # of the largest size: so much disk they take together


class UploadsBusy(Exception):
    """There are as many uploads as there may be; it may be tried again soon."""

    retry_after_s = 5


class UploadStorage:
    """Uploads on their way, bounded in number and in bytes on disk."""

    def __init__(self, folder: Path, limit: int) -> None:
        """`limit` is of one upload, in bytes."""
        self._folder = folder
        self._most = _AT_ONCE * limit
        self._under_way = 0
        self._bytes = 0

    @asynccontextmanager
    async def received(
        self, file: AsyncIterator[bytes], judge: Callable[[bytes], None]
    ) -> AsyncIterator[int]:
        """The descriptor of the whole file, on disk without a name: it is gone with the context.

        And with the process, however that ends. `judge` is shown the first mebibyte, by a thread,
        before anything is written.

        Raises:
            UploadsBusy, and whatever `file` and `judge` raise.
        """
        if self._under_way >= PLACES:
            raise UploadsBusy
        self._under_way += 1
        held = 0
        out: IO[bytes] | None = None
        try:
            async for chunk in _pieces(file):
                held += len(chunk)
                self._bytes += len(chunk)
                if self._bytes > self._most:
                    raise UploadsBusy
                if out is None:
                    await asyncio.to_thread(judge, chunk)
                    out = await _whole(_nameless, self._folder)
                await _whole(out.write, chunk)
            if out is None:
                await asyncio.to_thread(judge, b"")
                out = await _whole(_nameless, self._folder)
            await _whole(out.flush)
            yield out.fileno()
        finally:
            self._under_way -= 1
            self._bytes -= held
            if out is not None:
                await _whole(out.close)


def _nameless(folder: Path) -> IO[bytes]:
    return tempfile.TemporaryFile(dir=made_private(folder))


async def _pieces(file: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The bytes in pieces that are worth a write each."""
    gathered = bytearray()
    async for chunk in file:
        gathered += chunk
        if len(gathered) >= HEAD:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


async def _whole(call: Callable[..., Any], *args: Any) -> Any:
    """The call by a thread, to its end, also where this is cancelled: it uses a file of ours."""
    task = asyncio.create_task(asyncio.to_thread(call, *args))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise

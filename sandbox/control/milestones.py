"""A counter whose values can be awaited."""

from __future__ import annotations

import asyncio


class Milestone:
    """A counter; `reached` waits for a value without polling."""

    __slots__ = ("_waiting", "value")

    def __init__(self) -> None:
        self.value = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def advance(self) -> None:
        self.value += 1
        if self._waiting:
            for threshold, future in self._waiting:
                if self.value >= threshold and not future.done():
                    future.set_result(None)
            self._waiting = [each for each in self._waiting if not each[1].done()]

    async def reached(self, threshold: int, timeout: float) -> bool:
        """Whether the counter reached `threshold` within `timeout` seconds."""
        if self.value >= threshold:
            return True
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((threshold, future))
        try:
            await asyncio.wait_for(future, timeout)
        except TimeoutError:
            return False
        finally:
            self._waiting = [each for each in self._waiting if each[1] is not future]
        return True

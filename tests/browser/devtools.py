"""Chromium's DevTools protocol over its WebSocket: commands, answers, events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import aiohttp

Event = dict[str, Any]
_LARGEST = 64 * 1024 * 1024  # a screenshot is one message


class DevToolsError(Exception):
    """The browser refused a command."""

    def __init__(self, method: str, reason: str) -> None:
        self.method = method
        self.reason = reason
        super().__init__(f"{method}: {reason}")


class DevTools:
    """One connection. Events go to the listeners of their session."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._listeners: dict[str, list[Callable[[str, Event], None]]] = {}

    @classmethod
    @asynccontextmanager
    async def connected(cls, url: str) -> AsyncIterator[DevTools]:
        """A connection to the browser whose DevTools are at the URL."""
        async with aiohttp.ClientSession() as http:
            socket = await http.ws_connect(url, max_msg_size=_LARGEST)
            made = cls(socket)
            reading = asyncio.create_task(made._read())
            try:
                yield made
            finally:
                await socket.close()
                await reading

    def listen(self, session: str, listener: Callable[[str, Event], None]) -> None:
        """Call the listener with the method and parameters of each event of the session."""
        self._listeners.setdefault(session, []).append(listener)

    async def send(self, method: str, session: str = "", **parameters: Any) -> dict[str, Any]:
        """The command's result. Raises DevToolsError."""
        number = next(self._ids)
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        answer = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        await self._socket.send_json(message)
        found = await answer
        if "error" in found:
            raise DevToolsError(method, found["error"]["message"])
        result: dict[str, Any] = found["result"]
        return result

    async def _read(self) -> None:
        async for frame in self._socket:
            message = json.loads(frame.data)
            if "id" in message:
                self._answers.pop(message["id"]).set_result(message)
                continue
            for listener in self._listeners.get(message.get("sessionId", ""), ()):
                listener(message["method"], message["params"])
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(ConnectionError("Chromium is gone"))

"""uvicorn's HTTP protocol, with an end to what a client may send, withhold and leave unread.

uvicorn has no such limits with httptools (docs/http-server.md tells who has which). Nothing is
parsed here: bytes are counted before they go to httptools, whose callbacks tell where a head or
a body ends. `uvicorn.Config(http=...)` takes a protocol class.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.server import ServerState

from producer.http.rejections import Rejection
from producer.http.server.connection_close import ClosingProtocol, Guard

_MOST_HEADERS = 100
_MOST_PIPELINED = 32
# As many bytes at a time go to the parser: what a head may exceed its limit by, and a body's.
_HEAD_PIECE, _BODY_PIECE = 4096, 65_536
# How long a head is nobody's business but its sender's; then its connection may have to make room.
_UNNOTICED_S, _POLL_S = 1.0, 0.01


def guarded(guard: Guard) -> type[GuardedProtocol]:
    """The protocol class to give to `uvicorn.Config(http=...)`."""
    return type("GuardedProtocol", (GuardedProtocol,), {"guard": guard})


class GuardedProtocol(ClosingProtocol):
    """One connection, whose heads are measured and timed."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._in_head = False
        self._progress = False
        self._fruitless = 0
        """Bytes since the last that was of a body, or ended a head: a head's, trailers', …"""
        self._piece = 0
        self._noticed = False
        """Whether it was told that the head is not here."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        why = self.guard.connections.enter(self, self._host)
        if why is not None:
            self.turn_away(why)
        else:
            self._await_head()

    def data_received(self, data: bytes) -> None:
        if not self._deaf and len(data) <= _HEAD_PIECE:
            self._feed(data)
        elif not self._deaf:
            view, start = memoryview(data), 0
            while start < len(data) and not self._deaf:
                end = start + (_BODY_PIECE if self._in_body else _HEAD_PIECE)
                self._feed(view[start:end])
                start = end
        if self._deaf:
            self._drop()
        elif self._has_begun and not self._in_body:
            if self._until is None:
                self._await_head()
            elif self._noticed:
                self.guard.connections.unfinished(self, begun=True)

    def on_message_begin(self) -> None:
        if not self._deaf:
            self._in_head = True
            super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self._deaf:
            return
        if len(self.headers) > _MOST_HEADERS or self._head_is_too_large():
            self._turned(Rejection.HEAD_TOO_LARGE)
        elif len(self.pipeline) >= _MOST_PIPELINED:
            self._turned(Rejection.PIPELINED)
        else:
            earlier = self.cycle
            super().on_headers_complete()
            self._earlier = earlier
            self._in_head, self._in_body, self._progress = False, True, True
            if self._noticed:
                self._noticed = False
                self.guard.connections.finished(self)
            self._set_until(None)
            # Until its body is here, what answers it has to say that this is the last answer, and
            # ends the connection as one that may still be sent to: see `part`.
            self.cycle.default_headers = [*self.cycle.default_headers, CLOSE_HEADER]
            self.cycle.transport = self._parting
            # The request has the list; trailers, which httptools calls headers too, get another.
            self.headers = []

    def on_body(self, body: bytes) -> None:
        if not self._deaf:
            self._progress = True
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._deaf:
            return
        self._in_body, self._progress = False, True
        self.cycle.transport = self.transport
        self.cycle.default_headers = self.server_state.default_headers
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What httptools cannot read; uvicorn has logged it."""
        self.turn_away(Rejection.MALFORMED)

    def _feed(self, piece: bytes | memoryview) -> None:
        self._progress, self._piece = False, len(piece)
        super().data_received(piece)  # type: ignore[arg-type]
        if self._away is not None:
            self.turn_away(self._away)
        elif self._progress:
            self._fruitless = 0
        else:
            self._fruitless += len(piece)
            if self._fruitless > self._limits.head_bytes:
                self.turn_away(Rejection.HEAD_TOO_LARGE)

    @property
    def _has_begun(self) -> bool:
        """Whether something of a head is here, or what may become one."""
        return self._in_head or bool(self._fruitless)

    def _head_is_too_large(self) -> bool:
        if self._fruitless + self._piece <= self._limits.head_bytes:
            return False
        fields = sum(len(name) + len(value) + 4 for name, value in self.headers)
        return len(self.url) + fields > self._limits.head_bytes

    def _await_head(self) -> None:
        unnoticed = min(_UNNOTICED_S, self._limits.head_s / 2)
        # Two timers: between them the loop has read what was there to be read, however long it
        # was busy before.
        self._set_until(
            unnoticed, lambda: self._set_until(_POLL_S, lambda: self._notice(unnoticed))
        )

    def _notice(self, after: float) -> None:
        self._set_until(self._limits.head_s - after, self._head_overdue)
        if not self._busy():
            self._noticed = True
            self.guard.connections.unfinished(self, begun=self._has_begun)

    def _head_overdue(self) -> None:
        if self.flow.read_paused:  # while those before it are answered
            self._await_head()
            return
        self._set_until(None)
        if self._has_begun:
            self.turn_away(Rejection.HEAD_SLOW)
        elif self._away is None:
            self._turned(Rejection.HEAD_SLOW)
            self._close()

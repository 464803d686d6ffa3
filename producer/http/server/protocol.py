"""uvicorn's HTTP protocol, with limits on what a client sends, withholds and leaves unread.

uvicorn has no such limits with httptools (docs/http-server.md compares servers). Nothing is
parsed here: bytes are counted before they go to httptools, whose callbacks report where a head or
a body ends. `uvicorn.Config(http=...)` accepts a protocol class.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.server import ServerState

from producer.http.rejections import Rejection
from producer.http.server.connection_close import ClosingProtocol, ServerContext

_MAX_HEADERS = 100
_MAX_PIPELINED = 32
# Bytes given to the parser at a time, which bounds by how much a head can exceed its limit.
_HEAD_PIECE, _BODY_PIECE = 4096, 65_536
# A head that takes longer than this is reported, and its connection may have to make room.
_HEAD_GRACE_S, _POLL_S = 1.0, 0.01


def protocol_class(context: ServerContext) -> type[LimitedProtocol]:
    """The protocol class for `uvicorn.Config(http=...)`."""
    return type("LimitedProtocol", (LimitedProtocol,), {"context": context})


class LimitedProtocol(ClosingProtocol):
    """One connection, whose request heads are limited in size and time."""

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
        self._pending_bytes = 0
        """Bytes since the last end of a head or piece of a body: of a head, of trailers, …"""
        self._piece = 0
        self._head_reported = False
        """Whether the head was reported as incomplete."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        why = self.context.connections.enter(self, self._host)
        if why is not None:
            self.reject(why)
        else:
            self._await_head()

    def data_received(self, data: bytes) -> None:
        if not self._discarding and len(data) <= _HEAD_PIECE:
            self._feed(data)
        elif not self._discarding:
            view, start = memoryview(data), 0
            while start < len(data) and not self._discarding:
                end = start + (_BODY_PIECE if self._in_body else _HEAD_PIECE)
                self._feed(view[start:end])
                start = end
        if self._discarding:
            self._discard()
        elif self._head_started and not self._in_body:
            if self._timer is None:
                self._await_head()
            elif self._head_reported:
                self.context.connections.head_unfinished(self, started=True)

    def on_message_begin(self) -> None:
        if not self._discarding:
            self._in_head = True
            super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self._discarding:
            return
        if len(self.headers) > _MAX_HEADERS or self._head_too_large():
            self._mark_rejected(Rejection.HEAD_TOO_LARGE)
        elif len(self.pipeline) >= _MAX_PIPELINED:
            self._mark_rejected(Rejection.PIPELINED)
        else:
            earlier = self.cycle
            super().on_headers_complete()
            self._earlier = earlier
            self._in_head, self._in_body, self._progress = False, True, True
            if self._head_reported:
                self._head_reported = False
                self.context.connections.head_finished(self)
            self._set_timer(None)
            # Until the body has arrived, its answer must announce the close, and closing must
            # allow for input that is still on its way: see `close_unfinished`.
            self.cycle.default_headers = [*self.cycle.default_headers, CLOSE_HEADER]
            self.cycle.transport = self._closing_transport
            # The request owns the old list; trailers, which httptools reports as headers, get this.
            self.headers = []

    def on_body(self, body: bytes) -> None:
        if not self._discarding:
            self._progress = True
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._discarding:
            return
        self._in_body, self._progress = False, True
        self.cycle.transport = self.transport
        self.cycle.default_headers = self.server_state.default_headers
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Reject what httptools cannot parse; uvicorn has logged it."""
        self.reject(Rejection.MALFORMED)

    def _feed(self, piece: bytes | memoryview) -> None:
        self._progress, self._piece = False, len(piece)
        super().data_received(piece)  # type: ignore[arg-type]
        if self._rejection is not None:
            self.reject(self._rejection)
        elif self._progress:
            self._pending_bytes = 0
        else:
            self._pending_bytes += len(piece)
            if self._pending_bytes > self._limits.head_bytes:
                self.reject(Rejection.HEAD_TOO_LARGE)

    @property
    def _head_started(self) -> bool:
        """Whether a part of a head has arrived, or of what may become one."""
        return self._in_head or bool(self._pending_bytes)

    def _head_too_large(self) -> bool:
        if self._pending_bytes + self._piece <= self._limits.head_bytes:
            return False
        fields = sum(len(name) + len(value) + 4 for name, value in self.headers)
        return len(self.url) + fields > self._limits.head_bytes

    def _await_head(self) -> None:
        grace_s = min(_HEAD_GRACE_S, self._limits.head_s / 2)
        # Two timers: between them the loop reads what has already arrived, however long it was
        # busy before.
        self._set_timer(
            grace_s, lambda: self._set_timer(_POLL_S, lambda: self._report_head(grace_s))
        )

    def _report_head(self, after: float) -> None:
        self._set_timer(self._limits.head_s - after, self._head_overdue)
        if not self._busy():
            self._head_reported = True
            self.context.connections.head_unfinished(self, started=self._head_started)

    def _head_overdue(self) -> None:
        if self.flow.read_paused:  # while earlier requests are answered
            self._await_head()
            return
        self._set_timer(None)
        if self._head_started:
            self.reject(Rejection.HEAD_SLOW)
        elif self._rejection is None:
            self._mark_rejected(Rejection.HEAD_SLOW)
            self._close()

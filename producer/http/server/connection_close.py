"""Closes connections: after a last answer that the client can read, or if it reads nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from producer.http.metrics.request_metrics import Metrics
from producer.http.rejections import Rejection
from producer.http.responses import Responses
from producer.http.server.client_limits import ClientLimits
from producer.http.server.connections import Connections

log = logging.getLogger(__name__)

# A reset could destroy the last answer before the client reads it: for this long after it, whatever
# the client still sends is read and discarded, with a pause after each piece.
_LINGER_S, _LINGER_PAUSE_S = 2.0, 0.01
_MOST_LINGERING = 200
"""Lingering connections, on top of the limit of connections; more are closed at once."""


@dataclass
class ServerContext:
    """Shared by all connections of a process."""

    limits: ClientLimits
    connections: Connections
    responses: Responses
    metrics: Metrics
    lingering: int = 0


class ClosingProtocol(HttpToolsProtocol):
    """A connection that can be closed while its requests are read or answered.

    A rejection is answered after the client's earlier requests: answers come in the order of
    requests, and an earlier one may concern an accepted command.
    """

    context: ClassVar[ServerContext]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = self.context.limits
        self._in_body = False
        self._earlier: RequestResponseCycle | None = None
        """The request before the latest one."""
        self._rejection: Rejection | None = None
        self._discarding = False
        """Whether further input is discarded."""
        self._lingering = False
        self._timer: asyncio.TimerHandle | None = None
        """Fires when a request head, or the close, is overdue."""
        self._unread_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._closing_transport: Any = _ClosingTransport(transport, self.close_unfinished)

    def connection_lost(self, exc: Exception | None) -> None:
        self.context.connections.leave(self)
        if self._lingering:
            self.context.lingering -= 1
        self._set_timer(None)
        self._stop_unread_timer()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def reject(self, why: Rejection) -> None:
        """Read no more requests; once the earlier ones are answered, answer this one and close."""
        if self._lingering or self.transport.is_closing():
            return
        if self._rejection is None:
            self._mark_rejected(why)
        self._set_timer(None)
        if self._in_body and not self.cycle.response_complete:
            self._abandon_body()
        if not self._busy():
            self._respond(why)

    def close_unfinished(self) -> None:
        """Close the connection after an answer, although its request has not fully arrived."""
        if not self._lingering:
            self._discarding = True
            self._linger()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._start_unread_timer()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_unread_timer()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._start_unread_timer()  # the client still has to read what was written
        elif self._lingering:
            self._unset_keepalive_if_required()
        elif self._rejection is not None and not self._busy():
            self._respond(self._rejection)

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._start_unread_timer()

    def _mark_rejected(self, why: Rejection) -> None:
        self._rejection, self._discarding = why, True
        self.context.metrics.rejected(why)
        log.warning("rejected %s: %s", self._host or "a client", why.label)

    def _abandon_body(self) -> None:
        """Tell the handler of the request whose body is being read that no more will come."""
        self._in_body = False
        if self.pipeline:
            self.pipeline.popleft()  # the latest request is the leftmost, and has not started
            self.cycle = self._earlier  # type: ignore[assignment]
            return
        self.cycle.disconnected = True
        self.cycle.waiting_for_100_continue = False
        self.cycle.message_event.set()

    def _busy(self) -> bool:
        if self.pipeline:
            return True
        cycle = self.cycle
        return cycle is not None and not (cycle.response_complete or cycle.disconnected)

    def _respond(self, why: Rejection) -> None:
        answer = why.response(self.context.responses, self.server_state.default_headers)
        abandoned = self.cycle is not None and self.cycle.disconnected
        if answer and not (abandoned and self.cycle.response_started):
            self.transport.write(answer)
        self._linger()

    def _linger(self) -> None:
        """Close, with a delay if possible: a reset could overtake the written answer."""
        self._set_timer(None)
        self._unset_keepalive_if_required()
        self.context.connections.leave(self)
        if self.transport.is_closing():
            return
        if self.context.lingering >= _MOST_LINGERING:
            self._close()
            return
        self.transport.write_eof()
        self._lingering = True
        self.context.lingering += 1
        self._set_timer(_LINGER_S, self._close)
        self.flow.resume_reading()

    def _discard(self) -> None:
        """Go on reading slowly, so that the sender gets to its answer."""
        if not self.transport.is_closing():
            self.flow.pause_reading()
            self.loop.call_later(_LINGER_PAUSE_S, self._resume)

    def _resume(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def _close(self) -> None:
        self.transport.close()
        self._start_unread_timer()

    def _set_timer(self, seconds: float | None, then: Any = None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, then)

    def _start_unread_timer(self) -> None:
        if self._unread_timer is None:
            self._unread_timer = self.loop.call_later(self._limits.answer_s, self._abort_unread)

    def _stop_unread_timer(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def _abort_unread(self) -> None:
        if self._rejection is None:
            self._mark_rejected(Rejection.ANSWER_UNREAD)
        self.transport.abort()

    @property
    def _host(self) -> str:
        return self.client[0] if self.client else ""


class _ClosingTransport:
    """A transport for answers to requests whose bodies have not arrived yet."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = close

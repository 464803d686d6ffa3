"""How a connection ends: after a last answer that can be read, or because nobody reads."""

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

# After a last answer, so that it is read and not lost to a reset: how long what else is sent is
# read and dropped, and the pause after each piece of it.
_LINGER_S, _LINGER_PAUSE_S = 2.0, 0.01
_MOST_LINGERING = 200
"""Descriptors beyond the bound of connections; more are closed at once."""


@dataclass
class Guard:
    """What the connections of a process share."""

    limits: ClientLimits
    connections: Connections
    responses: Responses
    metrics: Metrics
    lingering: int = 0


class ClosingProtocol(HttpToolsProtocol):
    """A connection that can be ended while requests of it are read or answered.

    Who is turned away is answered behind what it asked before: answers come in the order of
    requests, and an earlier one may be of a command that was accepted.
    """

    guard: ClassVar[Guard]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = self.guard.limits
        self._in_body = False
        self._earlier: RequestResponseCycle | None = None
        """The request before the last one."""
        self._away: Rejection | None = None
        self._deaf = False
        """Whether what comes is dropped."""
        self._lingers = False
        self._until: asyncio.TimerHandle | None = None
        """Until when a head, or the end, is to come."""
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._parting: Any = _Parting(transport, self.part)

    def connection_lost(self, exc: Exception | None) -> None:
        self.guard.connections.leave(self)
        if self._lingers:
            self.guard.lingering -= 1
        self._set_until(None)
        self._reading_again()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def turn_away(self, why: Rejection) -> None:
        """Read no more requests; answer once those before are answered, and close."""
        if self._lingers or self.transport.is_closing():
            return
        if self._away is None:
            self._turned(why)
        self._set_until(None)
        if self._in_body and not self.cycle.response_complete:
            self._give_up()
        if not self._busy():
            self._answer(why)

    def part(self) -> None:
        """End the connection of a request that is answered, though not all of it is here."""
        if not self._lingers:
            self._deaf = True
            self._linger()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._reading_again()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._expect_reader()  # what is written still has to be taken
        elif self._lingers:
            self._unset_keepalive_if_required()
        elif self._away is not None and not self._busy():
            self._answer(self._away)

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._expect_reader()

    def _turned(self, why: Rejection) -> None:
        self._away, self._deaf = why, True
        self.guard.metrics.rejected(why)
        log.warning("turned away %s: %s", self._host or "a client", why.label)

    def _give_up(self) -> None:
        """The request whose body is being read has no end: whoever handles it hears of it."""
        self._in_body = False
        if self.pipeline:
            self.pipeline.popleft()  # the last to come is the leftmost, and has not begun
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

    def _answer(self, why: Rejection) -> None:
        answer = why.response(self.guard.responses, self.server_state.default_headers)
        gave_up = self.cycle is not None and self.cycle.disconnected
        if answer and not (gave_up and self.cycle.response_started):
            self.transport.write(answer)
        self._linger()

    def _linger(self) -> None:
        """Close, but a little later where it can be: a reset could overtake what was written."""
        self._set_until(None)
        self._unset_keepalive_if_required()
        self.guard.connections.leave(self)
        if self.transport.is_closing():
            return
        if self.guard.lingering >= _MOST_LINGERING:
            self._close()
            return
        self.transport.write_eof()
        self._lingers = True
        self.guard.lingering += 1
        self._set_until(_LINGER_S, self._close)
        self.flow.resume_reading()

    def _drop(self) -> None:
        """What comes after all is read, so that the sender gets to the answer, but slowly."""
        if not self.transport.is_closing():
            self.flow.pause_reading()
            self.loop.call_later(_LINGER_PAUSE_S, self._resume)

    def _resume(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def _close(self) -> None:
        self.transport.close()
        self._expect_reader()

    def _set_until(self, seconds: float | None, then: Any = None) -> None:
        if self._until is not None:
            self._until.cancel()
        self._until = None if seconds is None else self.loop.call_later(seconds, then)

    def _expect_reader(self) -> None:
        if self._unread is None:
            self._unread = self.loop.call_later(self._limits.answer_s, self._no_reader)

    def _reading_again(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _no_reader(self) -> None:
        if self._away is None:
            self._turned(Rejection.ANSWER_UNREAD)
        self.transport.abort()

    @property
    def _host(self) -> str:
        return self.client[0] if self.client else ""


class _Parting:
    """A transport for answers to requests whose bodies are still to come."""

    def __init__(self, transport: asyncio.Transport, part: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = part

"""uvicorn's HTTP protocol, with an end to what a client may send, withhold and leave unread.

uvicorn has no such limits with httptools (docs/http-server.md tells who has which). Nothing is
parsed here: bytes are counted before they go to httptools, whose callbacks tell where a head or
a body ends. `uvicorn.Config(http=...)` takes a protocol class.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from producer.http.answers import Answers
from producer.http.connections import Connections
from producer.http.limits import HttpLimits
from producer.http.metrics import Metrics
from producer.http.turned_away import TurnedAway

log = logging.getLogger(__name__)

_MOST_HEADERS = 100
_MOST_PIPELINED = 32
# As many bytes at a time go to the parser: what a head may exceed its limit by, and a body's.
_HEAD_PIECE, _BODY_PIECE = 4096, 65_536
# How long a head is nobody's business but its sender's; then its connection may have to make room.
_UNNOTICED_S, _POLL_S = 1.0, 0.01
# After a last answer, so that it is read and not lost to a reset: how long what else is sent is
# read and dropped, and the pause after each piece of it.
_LINGER_S, _LINGER_PAUSE_S = 2.0, 0.01
_MOST_LINGERING = 200
"""Descriptors beyond the bound of connections; more are closed at once."""


@dataclass
class Guard:
    """What the connections of a process share."""

    limits: HttpLimits
    connections: Connections
    answers: Answers
    metrics: Metrics
    lingering: int = 0


def guarded(guard: Guard) -> type[GuardedProtocol]:
    """The protocol class to give to `uvicorn.Config(http=...)`."""
    return type("GuardedProtocol", (GuardedProtocol,), {"guard": guard})


class _Parting:
    """A transport for answers to requests whose bodies are still to come."""

    def __init__(self, transport: asyncio.Transport, part: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = part


class GuardedProtocol(HttpToolsProtocol):
    """One connection.

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
        self._in_head = False
        self._in_body = False
        self._progress = False
        self._fruitless = 0
        """Bytes since the last that was of a body, or ended a head: a head's, trailers', …"""
        self._piece = 0
        self._keep_alive = False
        """Whether the connection is kept once the last request's body is here."""
        self._earlier: RequestResponseCycle | None = None
        """The request before the last one."""
        self._away: TurnedAway | None = None
        self._deaf = False
        """Whether what comes is dropped."""
        self._lingers = False
        self._until: asyncio.TimerHandle | None = None
        """Until when a head, or the end, is to come."""
        self._unread: asyncio.TimerHandle | None = None

    # Of the transport

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._parting: Any = _Parting(transport, self.part)
        why = self.guard.connections.enter(self, self._host)
        if why is not None:
            self.turn_away(why)
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self.guard.connections.leave(self)
        if self._lingers:
            self.guard.lingering -= 1
        self._set_until(None)
        self._reading_again()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

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
        elif self._until is None and not self._in_body and (self._in_head or self._fruitless):
            self._await_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._expect_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._reading_again()

    # Of the parser

    def on_message_begin(self) -> None:
        if not self._deaf:
            self._in_head = True
            super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self._deaf:
            return
        if len(self.headers) > _MOST_HEADERS or self._head_is_too_large():
            self._turned(TurnedAway.HEAD_TOO_LARGE)
        elif len(self.pipeline) >= _MOST_PIPELINED:
            self._turned(TurnedAway.PIPELINED)
        else:
            earlier = self.cycle
            super().on_headers_complete()
            self._earlier = earlier
            self._in_head, self._in_body, self._progress = False, True, True
            self.guard.connections.finished(self)
            self._set_until(None)
            # Until its body is here, what answers it has to say that this is the last answer, and
            # ends the connection as one that may still be sent to: see `part`.
            self._keep_alive, self.cycle.keep_alive = self.cycle.keep_alive, False
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
        if not self.cycle.response_started:
            self.cycle.keep_alive = self._keep_alive
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """What httptools cannot read; uvicorn has logged it."""
        self.turn_away(TurnedAway.MALFORMED)

    # Of requests

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._expect_reader()  # what is written still has to be taken
        elif self._lingers:
            self._unset_keepalive_if_required()
        elif self._away is not None and not self._busy():
            self._answer(self._away)

    def part(self) -> None:
        """End the connection of a request that is answered, though not all of it is here."""
        if not self._lingers:
            self._deaf = True
            self._linger()

    def shutdown(self) -> None:
        self._keep_alive = False
        super().shutdown()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._expect_reader()

    # Limits

    def turn_away(self, why: TurnedAway) -> None:
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

    def _turned(self, why: TurnedAway) -> None:
        self._away, self._deaf = why, True
        self.guard.metrics.turned_away(why)
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

    def _answer(self, why: TurnedAway) -> None:
        answer = why.response(self.guard.answers)
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
                self.turn_away(TurnedAway.HEAD_TOO_LARGE)

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
            self.guard.connections.unfinished(self)

    def _head_overdue(self) -> None:
        if self.flow.read_paused:  # while those before it are answered
            self._await_head()
            return
        self._set_until(None)
        if self._in_head or self._fruitless:
            self.turn_away(TurnedAway.HEAD_SLOW)
        elif self._away is None:
            self._turned(TurnedAway.HEAD_SLOW)
            self._close()

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
            self._turned(TurnedAway.ANSWER_UNREAD)
        self.transport.abort()

    @property
    def _host(self) -> str:
        return self.client[0] if self.client else ""

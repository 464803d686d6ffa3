"""Server-sent events (WHATWG HTML, 9.2)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from producer.http.requests.scope_keys import HEAD
from producer.journal import JournalFault, JournalUnavailable

HEARTBEAT_S = 15.0
# Comments, which a browser ignores.
ALIVE = b": alive\n\n"
UNAVAILABLE = b": redis does not answer\n\n"
_READ_EVERY_S = 1.0
_RECONNECT_MS = 2000
_MEDIA_TYPE = "text/event-stream"
_HEADERS = {"X-Accel-Buffering": "no"}


class Update(NamedTuple):
    """A view, whether it is the last, and the id that its event has."""

    view: dict[str, Any]
    ended: bool
    id: str = ""


def response(request: Request, events: AsyncIterator[bytes]) -> Response:
    """The events as a response; without them for HEAD."""
    if request.scope.get(HEAD):
        return Response(media_type=_MEDIA_TYPE, headers=_HEADERS)
    return StreamingResponse(events, media_type=_MEDIA_TYPE, headers=_HEADERS)


def event(name: str, view: dict[str, Any], event_id: str = "") -> bytes:
    """One event with the view as its data."""
    data = json.dumps(view, ensure_ascii=False, separators=(",", ":"))
    id_line = f"id: {event_id}\n" if event_id else ""
    text = f"event: {name}\n{id_line}retry: {_RECONNECT_MS}\ndata: {data}\n\n"
    return text.encode("utf-8", "replace")


async def status_events(
    stopping: asyncio.Event,
    read: Callable[[], Awaitable[Update | None]],
    allowed: Callable[[], Awaitable[bool]] | None = None,
) -> AsyncIterator[bytes]:
    """Events `status`: the present view, and then each that differs, until the last.

    `read` is called every second; None ends the stream. So does `allowed`, which is asked before
    each event, if the caller's right to read has been withdrawn.
    """
    clock = asyncio.get_running_loop().time
    last: dict[str, Any] | None = None
    sent_at = clock()
    while not stopping.is_set():
        try:
            now = await read()
            if now is None:
                return
            if now.view != last and allowed is not None and not await allowed():
                return
        except (JournalUnavailable, JournalFault):
            yield UNAVAILABLE
        else:
            if now.view != last:
                yield event("status", now.view, now.id)
                last, sent_at = now.view, clock()
            elif clock() - sent_at > HEARTBEAT_S:
                yield ALIVE
                sent_at = clock()
            if now.ended:
                return
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), _READ_EVERY_S)

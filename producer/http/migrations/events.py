"""Streams a migration's status as server-sent events (WHATWG HTML, 9.2)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from producer.http.migrations.services import MigrationServices
from producer.http.requests.scope_keys import HEAD
from producer.http.services import Services
from producer.journal import JournalUnavailable
from producer.migrations.model.status import MigrationStatus
from producer.migrations.registry import UnknownMigration

CHECK_EVERY_S = 1.0
HEARTBEAT_S = 15.0
_RECONNECT_MS = 2000
_HEADERS = {"X-Accel-Buffering": "no"}
View = Callable[[MigrationStatus], dict[str, Any]]
Permission = Callable[[], Awaitable[bool]]


async def _always() -> bool:
    return True


def stream(
    services: Services,
    migrations: MigrationServices,
    request: Request,
    found: MigrationStatus,
    view: View,
    may_go_on: Permission = _always,
) -> Response:
    """Events `status` with a view as data: the current one, then each that differs.

    Before each event, `may_go_on` says whether the caller is still allowed to listen; if not, the
    stream ends.

    A browser reconnects whenever a stream closes; 204 makes it stop.
    """
    if found.state.ended and request.headers.get("last-event-id") == found.state.value:
        return Response(status_code=204)
    if request.scope.get(HEAD):
        return Response(media_type="text/event-stream", headers=_HEADERS)
    events = _events(services, migrations, found.id, view, may_go_on)
    return StreamingResponse(events, media_type="text/event-stream", headers=_HEADERS)


async def _events(
    services: Services,
    migrations: MigrationServices,
    migration: str,
    view: View,
    may_go_on: Permission,
) -> AsyncIterator[bytes]:
    released = services.waiters.released
    clock = asyncio.get_running_loop().time
    last: dict[str, Any] | None = None
    sent_at = clock()
    while not released.is_set():
        try:
            status = await migrations.status_cache.status(migration)
            now = view(status)
            if now != last and not await may_go_on():
                return
        except JournalUnavailable:
            yield b": redis does not answer\n\n"
        except UnknownMigration:
            return
        else:
            if now != last:
                yield _event(status, now)
                last, sent_at = now, clock()
            elif clock() - sent_at > HEARTBEAT_S:
                yield b": alive\n\n"
                sent_at = clock()
            if status.state.ended:
                return
        with suppress(TimeoutError):
            await asyncio.wait_for(released.wait(), CHECK_EVERY_S)


def _event(status: MigrationStatus, view: dict[str, Any]) -> bytes:
    data = json.dumps(view, ensure_ascii=False, separators=(",", ":"))
    ended = f"id: {status.state.value}\n" if status.state.ended else ""
    text = f"event: status\n{ended}retry: {_RECONNECT_MS}\ndata: {data}\n\n"
    return text.encode("utf-8", "replace")

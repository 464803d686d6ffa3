"""A migration's status as server-sent events."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from producer.http import event_stream
from producer.http.event_stream import Update
from producer.http.migrations.services import MigrationServices
from producer.http.services import Services
from producer.migrations.model.status import MigrationStatus
from producer.migrations.registry import UnknownMigration

View = Callable[[MigrationStatus], dict[str, Any]]


def stream(
    services: Services,
    migrations: MigrationServices,
    request: Request,
    found: MigrationStatus,
    view: View,
    allowed: Callable[[], Awaitable[bool]] | None = None,
) -> Response:
    """Events `status` with a view as data: the current one, then each that differs.

    Before each event `allowed` is asked whether the caller may still read it; the stream ends where
    not. A browser reconnects whenever a stream closes; 204 tells it that there is no more.
    """
    if found.state.ended and request.headers.get("last-event-id") == found.state.value:
        return Response(status_code=204)

    async def read() -> Update | None:
        try:
            status = await migrations.status_cache.status(found.id)
        except UnknownMigration:
            return None
        ended = status.state.ended
        return Update(view(status), ended, status.state.value if ended else "")

    events = event_stream.status_events(services.waiters.released, read, allowed)
    return event_stream.response(request, events)

"""A command's changes of state as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response

from producer.contract import CommandStatus, State
from producer.http import event_stream
from producer.http.services import Services
from producer.http.waiting.waiters import CONFIRM_S
from producer.journal import JournalFault, JournalUnavailable, RecordDamaged, status


def stream(services: Services, request: Request, found: CommandStatus) -> Response:
    """The response for a command that exists.

    A browser reconnects whenever a stream closes; 204 is how it is told that there is no more.
    """
    if found.ended and request.headers.get("last-event-id") == _event_id(found):
        return Response(status_code=204)
    return event_stream.response(request, _events(services, found.id))


async def _events(services: Services, command_id: str) -> AsyncIterator[bytes]:
    news: asyncio.Queue[str | None] = asyncio.Queue()
    listener = news.put_nowait
    confirmation = services.subscriptions.add(command_id, listener)
    released = asyncio.create_task(services.waiters.released.wait())
    released.add_done_callback(lambda _: listener(None))
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(confirmation), CONFIRM_S)
        last: CommandStatus | None = None
        before: list[str] = []
        while not services.waiters.released.is_set():
            try:
                now = await services.journal(status(command_id))
            except (RecordDamaged, JournalFault):
                yield b": its record is damaged\n\n"
                return
            except JournalUnavailable:
                yield event_stream.UNAVAILABLE
                await asyncio.sleep(1)
                continue
            if now is None and services.journal_watch.refuses is not None:
                yield b": redis has other data\n\n"
                await asyncio.sleep(1)
                continue
            if now is None:  # the time it is kept was up
                return
            await asyncio.sleep(0)  # what was published before this read gets to the queue
            changes, before = _changes(last, before, _drain(news), now)
            for last in changes:
                yield event_stream.event("state", last.wire(), _event_id(last))
            if now.ended:
                return
            if before:
                continue
            try:
                async with asyncio.timeout(event_stream.HEARTBEAT_S):
                    first = await news.get()
                before = ([] if first is None else [first]) + _drain(news)
            except TimeoutError:
                yield event_stream.ALIVE
    finally:
        released.cancel()
        services.subscriptions.remove(command_id, listener)


def _drain(news: asyncio.Queue[str | None]) -> list[str]:
    drained = []
    while not news.empty():
        if (state := news.get_nowait()) is not None:
            drained.append(state)
    return drained


def _changes(
    last: CommandStatus | None, before: list[str], after: list[str], now: CommandStatus
) -> tuple[list[CommandStatus], list[str]]:
    """What to tell, and which of the heard states came after `now` was read.

    `before` was heard before that read began, `after` since; of those, what follows the state
    that was read is later than it. States that had passed before they could be read are told as
    well, without what came later.
    """
    upto = len(after) - after[::-1].index(now.state) if now.state in after else 0
    heard, later = before + after[:upto], after[upto:]
    if heard and heard[-1] == now.state:
        heard.pop()
    changes: list[CommandStatus] = []
    for state in heard if last is not None else ():
        told = changes[-1] if changes else last
        if told is not None and state != told.state:
            with suppress(ValueError):  # a state of a newer version
                cleared = dict.fromkeys(("result", "finished_at", "superseded_by"))
                changes.append(now.model_copy(update={"state": State(state), **cleared}))
    told = changes[-1] if changes else last
    if told is None or _event_id(told) != _event_id(now):
        changes.append(now)
    return changes, later


def _event_id(view: CommandStatus) -> str:
    return f"{view.attempts}-{view.state.value}"

"""Streams a command's state changes as server-sent events."""

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
    """The response for an existing command.

    A browser reconnects whenever a stream closes; 204 makes it stop.
    """
    if found.ended and request.headers.get("last-event-id") == _event_id(found):
        return Response(status_code=204)
    return event_stream.response(request, _events(services, found.id))


async def _events(services: Services, command_id: str) -> AsyncIterator[bytes]:
    publications: asyncio.Queue[str | None] = asyncio.Queue()
    listener = publications.put_nowait
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
            if now is None:  # it is no longer kept
                return
            await asyncio.sleep(0)  # so that what was published before this read is in the queue
            changes, before = _changes(last, before, _drain(publications), now)
            for last in changes:
                yield event_stream.event("state", last.wire(), _event_id(last))
            if now.ended:
                return
            if before:
                continue
            try:
                async with asyncio.timeout(event_stream.HEARTBEAT_S):
                    first = await publications.get()
                before = ([] if first is None else [first]) + _drain(publications)
            except TimeoutError:
                yield event_stream.ALIVE
    finally:
        released.cancel()
        services.subscriptions.remove(command_id, listener)


def _drain(publications: asyncio.Queue[str | None]) -> list[str]:
    drained = []
    while not publications.empty():
        if (state := publications.get_nowait()) is not None:
            drained.append(state)
    return drained


def _changes(
    last: CommandStatus | None, before: list[str], after: list[str], now: CommandStatus
) -> tuple[list[CommandStatus], list[str]]:
    """The events to send, and the published states that are later than `now`.

    `before` was published before the read of `now` started, `after` since then; of the latter, the
    states that follow the state read are later. States that had passed before they could be read
    become events too, without the fields of later states.
    """
    upto = len(after) - after[::-1].index(now.state) if now.state in after else 0
    published, later = before + after[:upto], after[upto:]
    if published and published[-1] == now.state:
        published.pop()
    changes: list[CommandStatus] = []
    for state in published if last is not None else ():
        previous = changes[-1] if changes else last
        if previous is not None and state != previous.state:
            with suppress(ValueError):  # a state of a newer version
                cleared = dict.fromkeys(("result", "finished_at", "superseded_by"))
                changes.append(now.model_copy(update={"state": State(state), **cleared}))
    previous = changes[-1] if changes else last
    if previous is None or _event_id(previous) != _event_id(now):
        changes.append(now)
    return changes, later


def _event_id(view: CommandStatus) -> str:
    return f"{view.attempts}-{view.state.value}"

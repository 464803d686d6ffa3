"""`POST /api/cards/assign` and `/default`: accept a command and wait for its outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from uuid import uuid4

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from producer.contract import CommandKind, Lane, ParameterInvalid, State, parse_command
from producer.contract.messages import Text
from producer.contract.metadata import parse_metadata_header
from producer.http.access.scopes import sender_of
from producer.http.openapi.routes import ASSIGN_CARD, SET_DEFAULT_CARD
from producer.http.requests.body import parse_fields, read_body
from producer.http.requests.callback_url import CallbackRules
from producer.http.requests.card_number_guard import refuse_card_number, refuse_card_number_in_query
from producer.http.requests.disconnect import while_connected
from producer.http.requests.prefer import Preference, parse_prefer
from producer.http.requests.scope_keys import TASK
from producer.http.services import Services
from producer.journal import Acceptance, Call, JournalUnavailable, accept, status
from producer.journal.commands.callbacks import unwant_callback, want_callback
from producer.observability import tracing

_MAX_KEY = 255


def routes(services: Services, callbacks: CallbackRules) -> APIRouter:
    """The two routes that accept commands."""
    router = APIRouter()

    @router.post("/api/cards/assign", **ASSIGN_CARD)
    async def assign_card(request: Request) -> Response:
        """Attach a tokenised card to a customer."""
        return await _accept_and_wait(services, callbacks, CommandKind.ASSIGN_CARD, request)

    @router.post("/api/cards/default", **SET_DEFAULT_CARD)
    async def set_default_card(request: Request) -> Response:
        """Make an attached card the customer's default."""
        return await _accept_and_wait(services, callbacks, CommandKind.SET_DEFAULT_CARD, request)

    return router


async def _accept_and_wait(
    services: Services, callbacks: CallbackRules, kind: CommandKind, request: Request
) -> Response:
    started = asyncio.get_running_loop().time()
    fields = parse_fields(await read_body(request))
    keys = request.headers.getlist("idempotency-key")
    for value in keys:
        refuse_card_number(value, "Idempotency-Key")
    refuse_card_number_in_query(request.scope["query_string"])
    try:
        command = parse_command(kind, fields)
    except RecursionError:  # nested too deeply to be checked
        raise ParameterInvalid(Text.NOT_JSON) from None
    metadata = parse_metadata_header(request.headers.getlist("metadata"))
    lane = _lane(request.headers.getlist("lane"))
    key = _idempotency_key(keys)
    preference = parse_prefer(request.headers.getlist("prefer"))
    callback = callbacks.url(request.headers.getlist("callback-url"))

    services.require_same_journal()
    waits = preference.wait_s > 0 and not services.waiters.released.is_set()
    presubscribed = waits and callback is None
    command_id = services.presubscribed.acquire() if presubscribed else str(uuid4())
    if callback is not None:
        # Stored before the command, so that its end finds it; if none is accepted, it expires.
        await services.journal(want_callback(command_id, callback))
    make_call = partial(
        accept,
        command,
        command_id=command_id,
        lane=lane,
        idempotency_key=key,
        sender=sender_of(request),
        signing=services.signing,
        metadata=metadata,
    )
    if not waits:
        acceptance = await _accept(services, request, kind, lane, make_call)
        await _withdraw_callback(services, callback, command_id, acceptance)
        return await _without_waiting(services, acceptance, preference)
    with services.waiters.watch(command_id) as watch:
        services.presubscribed.release(command_id)
        await watch.confirmed()
        acceptance = await _accept(services, request, kind, lane, make_call)
        if acceptance.id == command_id:
            async with while_connected(request):
                end = await watch.end(started + preference.wait_s)
            state = watch.state
    if acceptance.id != command_id:
        await _withdraw_callback(services, callback, command_id, acceptance)
        with services.waiters.watch(acceptance.id) as watch:
            async with while_connected(request):
                await watch.confirmed()
                services.waiters.read_soon(acceptance.id)
                end = await watch.end(started + preference.wait_s)
            state = watch.state
    if end is not None:
        return services.responses.ended(end, preference.headers)
    return services.responses.accepted(acceptance.id, state, preference.headers)


async def _withdraw_callback(
    services: Services, callback: str | None, command_id: str, acceptance: Acceptance
) -> None:
    """Remove the URL stored for an id that is not used: the command was accepted earlier."""
    if callback is not None and acceptance.id != command_id:
        with suppress(JournalUnavailable):  # the URL expires by itself; the command is accepted
            await services.journal(unwant_callback(command_id))


async def _without_waiting(
    services: Services, acceptance: Acceptance, preference: Preference
) -> Response:
    state = State.QUEUED
    if acceptance.known:
        found = await services.journal(status(acceptance.id))
        if found is not None and found.ended:
            return services.responses.ended(found, preference.headers)
        state = found.state if found is not None else state
    return services.responses.accepted(acceptance.id, state, preference.headers)


async def _accept(
    services: Services,
    request: Request,
    kind: CommandKind,
    lane: Lane,
    make_call: Callable[..., Call[Acceptance]],
) -> Acceptance:
    parents = request.headers.getlist(tracing.HEADER)
    with tracing.sent(kind, lane, given=parents[0] if len(parents) == 1 else None) as span:
        acceptance = await services.journal(make_call(trace=span.traceparent))
        span.set("messaging.message.id", acceptance.id)
    request.scope[TASK] = acceptance.id
    return acceptance


def _lane(values: list[str]) -> Lane:
    if not values:
        return Lane.INTERACTIVE
    try:
        (value,) = values
        return Lane(value.strip())
    except ValueError:
        raise ParameterInvalid(Text.BAD_LANE, field="Lane") from None


def _idempotency_key(values: list[str]) -> str | None:
    if not values:
        return None
    if len(values) > 1 or not 1 <= len(values[0]) <= _MAX_KEY:
        raise ParameterInvalid(Text.BAD_IDEMPOTENCY_KEY, field="Idempotency-Key")
    return values[0]

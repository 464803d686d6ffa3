"""`GET /api/tasks/{taskId}`: a command's status, at once or when it has ended."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from producer.contract import CommandStatus
from producer.contract.messages import Text
from producer.http.openapi.routes import GET_TASK, GET_TASK_EVENTS
from producer.http.requests.card_number_guard import refuse_card_number, refuse_card_number_in_query
from producer.http.requests.disconnect import while_connected
from producer.http.requests.prefer import parse_wait
from producer.http.requests.scope_keys import TASK
from producer.http.routes.task_events import stream
from producer.http.services import Services
from producer.journal import status

_MAX_ID = 255


def routes(services: Services) -> APIRouter:
    """The routes of a command's status and its events."""
    router = APIRouter()

    @router.get("/api/tasks/{taskId}", **GET_TASK)
    async def get_task(request: Request) -> Response:
        """A command's status."""
        started = asyncio.get_running_loop().time()
        task_id = _task_id(request)
        wait_s = parse_wait(request.query_params.get("wait"))
        found = await _find(services, request, task_id)
        if found is not None and not found.ended and wait_s > 0:
            with services.waiters.watch(task_id) as watch:
                async with while_connected(request):
                    await watch.confirmed()
                    services.waiters.read_soon(task_id)
                    end = await watch.end(started + wait_s)
            found = end or await services.journal(status(task_id))
        if found is None:
            return _not_found(services)
        return services.responses.yes(Text.TASK_FOUND, found.wire())

    @router.get("/api/tasks/{taskId}/events", **GET_TASK_EVENTS)
    async def get_task_events(request: Request) -> Response:
        """A command's state changes, as server-sent events."""
        task_id = _task_id(request)
        found = await _find(services, request, task_id)
        if found is None:
            return _not_found(services)
        return stream(services, request, found)

    return router


def _not_found(services: Services) -> Response:
    # If the journal was lost, the command may have been accepted all the same.
    services.require_same_journal()
    return services.responses.no(404, "task_not_found", Text.TASK_NOT_FOUND)


def _task_id(request: Request) -> str:
    refuse_card_number_in_query(request.scope["query_string"])
    task_id: str = request.path_params["taskId"]
    refuse_card_number(task_id, "taskId")
    return task_id


async def _find(services: Services, request: Request, task_id: str) -> CommandStatus | None:
    if len(task_id) > _MAX_ID:
        return None
    found = await services.journal(status(task_id))
    if found is not None:
        request.scope[TASK] = task_id
    return found

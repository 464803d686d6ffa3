"""`/api/overview`, `/api/commands/{id}`, `/api/customers/{id}`: the data of the pages."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from producer.contract.caller_texts import Text
from producer.explain.json_types import explanation_wire, story_wire
from producer.http.overview import openapi as described
from producer.http.overview.json_types import overview_wire
from producer.http.overview.lookups import Lookups, explanation
from producer.http.requests.card_number_guard import refuse_card_number_in_query
from producer.http.requests.scope_keys import TASK
from producer.http.services import Services


def routes(services: Services, lookups: Lookups) -> APIRouter:
    """The API's routes."""
    router = APIRouter(prefix="/api")
    responses = services.responses

    @router.get("/overview", **described.OVERVIEW)
    async def get_overview(request: Request) -> Response:
        """The current situation."""
        refuse_card_number_in_query(request.scope["query_string"])
        services.require_same_journal()
        return responses.yes(Text.OVERVIEW, overview_wire(await lookups.sampler.overview()))

    @router.get("/commands/{taskId}", **described.COMMAND)
    async def get_command(request: Request) -> Response:
        """A command, its history, and what it waits for."""
        story = await lookups.story(services, request)
        if story is None:
            return responses.no(404, "task_not_found", Text.TASK_NOT_FOUND)
        request.scope[TASK] = story.summary.id
        return responses.yes(Text.TASK_FOUND, story_wire(story))

    @router.get("/customers/{userId}", **described.CUSTOMER)
    async def explain_customer(request: Request) -> Response:
        """Which card a customer is charged, and why."""
        found = await explanation(services, request)
        return responses.yes(Text.CUSTOMER_EXPLAINED, explanation_wire(found))

    return router

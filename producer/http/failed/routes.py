"""`/api/failed`: list failed commands, and take up again those that a filter matches."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from producer.contract.failed_filters import POISON
from producer.contract.messages import Text
from producer.explain.failed import failed_wire
from producer.http.access.scopes import sender_of
from producer.http.failed import openapi as described
from producer.http.failed.listing import list_page
from producer.http.failed.parameters import ListRequest, ReplayRequest, place_text
from producer.http.failed.replay import Replayer
from producer.http.requests.body import parse_fields, read_body
from producer.http.requests.card_number_guard import refuse_card_number_in_query
from producer.http.services import Services


def routes(services: Services, replayer: Replayer) -> APIRouter:
    """The API's routes."""
    router = APIRouter(prefix="/api/failed")
    responses = services.responses

    @router.get("", **described.LIST)
    async def list_failed(request: Request) -> Response:
        """Commands that gave up, the oldest first."""
        refuse_card_number_in_query(request.scope["query_string"])
        listing = ListRequest.of(request.query_params)
        services.require_same_journal()
        page = await list_page(services.journal, listing)
        data = {"failed": [failed_wire(one) for one in page.found], "next": place_text(page.next)}
        return responses.yes(Text.FAILED_LISTED, data)

    @router.post("/replay", **described.REPLAY)
    async def replay_failed(request: Request) -> Response:
        """Take up again what a filter matches, or say how many that is."""
        refuse_card_number_in_query(request.scope["query_string"])
        asked = ReplayRequest.of(parse_fields(await read_body(request)))
        told = await replayer(asked, by=sender_of(request))
        data = {
            "dryRun": asked.dry_run,
            "matching": told.matching,
            "replayed": dict(told.states),
            "leftOut": {POISON: told.poison, **told.refused},
            "next": place_text(told.next),
        }
        text = Text.FAILED_COUNTED if asked.dry_run else Text.FAILED_REPLAYED
        return responses.yes(text, data)

    return router

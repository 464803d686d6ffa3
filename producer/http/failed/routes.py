"""`/api/failed`: list failed commands, and replay those that match a filter."""

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
        """Failed commands, the oldest first."""
        refuse_card_number_in_query(request.scope["query_string"])
        listing = ListRequest.of(request.query_params)
        services.require_same_journal()
        page = await list_page(services.journal, listing)
        data = {
            "failed": [failed_wire(one) for one in page.commands],
            "next": place_text(page.next),
        }
        return responses.yes(Text.FAILED_LISTED, data)

    @router.post("/replay", **described.REPLAY)
    async def replay_failed(request: Request) -> Response:
        """Replay the failed commands that match a filter, or count them."""
        refuse_card_number_in_query(request.scope["query_string"])
        replay = ReplayRequest.of(parse_fields(await read_body(request)))
        result = await replayer(replay, by=sender_of(request))
        data = {
            "dryRun": replay.dry_run,
            "matching": result.matching,
            "replayed": dict(result.states),
            "leftOut": {POISON: result.poison, **result.refused},
            "next": place_text(result.next),
        }
        text = Text.FAILED_COUNTED if replay.dry_run else Text.FAILED_REPLAYED
        return responses.yes(text, data)

    return router

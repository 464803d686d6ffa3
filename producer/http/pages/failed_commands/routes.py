"""`/failed`: failed commands by filter, and the form that replays them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from producer.contract.metadata import parse_metadata_header
from producer.http.access.scopes import has_scope, needs, sender_of
from producer.http.failed_commands.listing import list_page
from producer.http.failed_commands.parameters import ListRequest, ReplayRequest
from producer.http.failed_commands.replay import Replayer
from producer.http.pages.failed_commands import view as failed_view
from producer.http.pages.site.error_handling import in_pages
from producer.http.pages.site.error_pages import navigation
from producer.http.pages.site.layout import page
from producer.http.pages.texts.failed import Failed
from producer.http.pages.texts.say import Say
from producer.http.requests.body import read_body
from producer.http.requests.card_number_guard import refuse_card_number_in_query
from producer.http.services import Services
from producer.security.api_tokens import Scope

_SHOWN = "25"
_ASCII = "".join(map(chr, range(32, 127)))


def routes(services: Services, replayer: Replayer, say: Say) -> APIRouter:
    """The pages' routes. Errors are answered with pages too."""
    router = APIRouter(include_in_schema=False)
    as_page = in_pages(say, Failed.BAD_FILTER, Failed.BAD_FILTER_DO, 400)

    @router.get(failed_view.PATH, **needs(Scope.READ))
    @as_page
    async def list_failed(request: Request) -> Response:
        refuse_card_number_in_query(request.scope["query_string"])
        parameters = _parameters(request.query_params)
        listing = ListRequest.of(QueryParams({**parameters, "limit": _SHOWN}))
        services.require_same_journal()
        found = await list_page(services.journal, listing)
        can_replay = has_scope(request, Scope.OPERATE)
        body = failed_view.list_body(say, listing.filters, found, can_replay=can_replay)
        return _page(request, listing, body)

    @router.get(failed_view.REPLAY_PATH, **needs(Scope.OPERATE))
    @as_page
    async def confirm_replay(request: Request) -> Response:
        refuse_card_number_in_query(request.scope["query_string"])
        replay = ReplayRequest.of({**_parameters(request.query_params), "dryRun": True})
        counted = await replayer(replay, by=sender_of(request))
        return _page(request, replay, failed_view.question_body(say, replay.filters, counted))

    @router.post(failed_view.REPLAY_PATH, **needs(Scope.OPERATE))
    @as_page
    async def replay_failed(request: Request) -> Response:
        fields = dict(parse_qsl((await read_body(request)).decode("utf-8", "replace")))
        replay = ReplayRequest.of(_parameters(fields))
        result = await replayer(replay, by=sender_of(request))
        return _page(request, replay, failed_view.outcome_body(say, replay.filters, result))

    def _page(request: Request, query: ListRequest | ReplayRequest, body: str) -> Response:
        nav = navigation(say, request.scope)
        return page(say, failed_view.title(say, query.filters), body, nav=nav)

    return router


def _parameters(fields: Mapping[str, str]) -> dict[str, str]:
    """A form's fields as parameters: without the empty ones, and with its tags split."""
    parameters = {name: value.strip() for name, value in fields.items() if value.strip()}
    if text := parameters.pop("tag", ""):
        # As in the header, but people may type non-ASCII characters unencoded.
        tags = parse_metadata_header([quote(text, safe=_ASCII)])
        parameters |= {f"tag.{name}": value for name, value in tags.items()}
    return parameters

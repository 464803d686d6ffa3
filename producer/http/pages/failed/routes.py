"""`/failed`: failed commands by filter, and the form that takes them up again."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from producer.contract.metadata import parse_metadata_header
from producer.http.access.scopes import has_scope, needs, sender_of
from producer.http.failed.listing import list_page
from producer.http.failed.parameters import ListRequest, ReplayRequest
from producer.http.failed.replay import Replayer
from producer.http.pages.failed import view as failed_view
from producer.http.pages.site.error_handling import in_pages
from producer.http.pages.site.error_pages import navigation
from producer.http.pages.site.layout import page
from producer.http.pages.texts.failed import Failure
from producer.http.pages.texts.say import Say
from producer.http.requests.body import read_body
from producer.http.requests.card_number_guard import refuse_card_number_in_query
from producer.http.services import Services
from producer.security.api_tokens import Scope

_SHOWN = "25"
_ASCII = "".join(map(chr, range(32, 127)))


def routes(services: Services, replayer: Replayer, say: Say) -> APIRouter:
    """The pages' routes. Every answer to a person is a page, errors included."""
    router = APIRouter(include_in_schema=False)
    told = in_pages(say, Failure.BAD_FILTER, Failure.BAD_FILTER_DO, 400)

    @router.get(failed_view.PATH, **needs(Scope.READ))
    @told
    async def list_failed(request: Request) -> Response:
        refuse_card_number_in_query(request.scope["query_string"])
        given = _given(request.query_params)
        listing = ListRequest.of(QueryParams({**given, "limit": _SHOWN}))
        services.require_same_journal()
        found = await list_page(services.journal, listing)
        can_replay = has_scope(request, Scope.OPERATE)
        body = failed_view.list_body(say, listing.wanted, found, can_replay=can_replay)
        return _page(request, listing, body)

    @router.get(failed_view.REPLAY_PATH, **needs(Scope.OPERATE))
    @told
    async def ask(request: Request) -> Response:
        refuse_card_number_in_query(request.scope["query_string"])
        asked = ReplayRequest.of({**_given(request.query_params), "dryRun": True})
        counted = await replayer(asked, by=sender_of(request))
        return _page(request, asked, failed_view.question_body(say, asked.wanted, counted))

    @router.post(failed_view.REPLAY_PATH, **needs(Scope.OPERATE))
    @told
    async def replay(request: Request) -> Response:
        fields = dict(parse_qsl((await read_body(request)).decode("utf-8", "replace")))
        asked = ReplayRequest.of(_given(fields))
        replayed = await replayer(asked, by=sender_of(request))
        return _page(request, asked, failed_view.outcome_body(say, asked.wanted, replayed))

    def _page(request: Request, asked: ListRequest | ReplayRequest, body: str) -> Response:
        nav = navigation(say, request.scope)
        return page(say, failed_view.title(say, asked.wanted), body, nav=nav)

    return router


def _given(fields: Mapping[str, str]) -> dict[str, str]:
    """A form sends its empty fields too, and tags in one."""
    given = {name: value.strip() for name, value in fields.items() if value.strip()}
    if text := given.pop("tag", ""):
        # As in the header, but for people: what is not ASCII may stand there as it is.
        tags = parse_metadata_header([quote(text, safe=_ASCII)])
        given |= {f"tag.{name}": value for name, value in tags.items()}
    return given

"""The composition root of the web process: `create_app(settings)`."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from producer import tracing
from producer.api_tokens import names_of
from producer.contract.messages import Text
from producer.contract.refusals import Refusal
from producer.http import auth, cards, commands, docs_page, health, stripe_events, tasks
from producer.http.answers import Answers
from producer.http.auth import Bearers
from producer.http.body_pace import BodyPace
from producer.http.bounded import BoundedJournal
from producer.http.brake import Brake
from producer.http.browser_headers import BrowserHeaders
from producer.http.callbacks import CallbackRules
from producer.http.door import Door
from producer.http.encoding import EncodingUnsupported
from producer.http.ending import end
from producer.http.entrance import Entrance
from producer.http.failed import api as failed_api
from producer.http.failed.replaying import Replayer
from producer.http.hosts import KnownHosts
from producer.http.limits import HttpLimits
from producer.http.metrics import Metrics
from producer.http.migrations import api
from producer.http.migrations.answering import answer_errors
from producer.http.migrations.desk import Desk
from producer.http.openapi import document
from producer.http.origin import OtherOrigin, own_origin_only
from producer.http.overview import api as overview_api
from producer.http.overview.insight import Insight
from producer.http.overview.sampler import Sampler
from producer.http.page import assets, failed_routes, login, overview_routes
from producer.http.page import refused as refused_pages
from producer.http.page import routes as pages
from producer.http.page.sessions import Sessions, is_page
from producer.http.page.words import Say
from producer.http.prepared_ids import PreparedIds
from producer.http.request_rate import RequestRate
from producer.http.scopes import ScopeMissing, enough_scope
from producer.http.server_spans import ServerSpans
from producer.http.services import Services
from producer.http.subscriptions import Subscriptions
from producer.http.surface import Surface
from producer.http.waiters import Waiters
from producer.journal import (
    Journal,
    JournalFault,
    JournalUnavailable,
    JournalWatch,
    RecordDamaged,
)
from producer.settings import WebSettings

log = logging.getLogger(__name__)

# A page asks for several things at once, and a person looks at several pages.
_PAGE_AT_ONCE = 20
_DURABLE = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}


def create_app(
    settings: WebSettings,
    limits: HttpLimits | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> FastAPI:
    """The application. It connects to Redis when it is started, and starts without it too.

    `clock` is what rate limits and brakes go by, in seconds.
    """
    journal = Journal(settings.shared.redis)
    listening = Journal(settings.shared.redis, retries=0)
    answers = Answers(settings.shared.language)
    metrics = Metrics()
    ask = BoundedJournal(journal)
    subscriptions = Subscriptions(listening)
    prepared = PreparedIds(subscriptions)
    waiters = Waiters(ask, subscriptions)
    metrics.count_waiters(waiters.count)
    journal_watch = JournalWatch(settings.shared.redis)
    metrics.count_redis_errors(journal.errors)
    metrics.ask_journal_lost(lambda: journal_watch.lost is not None)
    services = Services(
        ask,
        answers,
        waiters,
        subscriptions,
        prepared,
        metrics,
        journal_watch,
        settings.shared.signing,
    )
    desk = Desk.of(settings)
    sampler = Sampler(ask, desk.looks.list)
    insight = Insight.of(services, sampler)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        subscriptions.start()
        prepared.start()
        waiters.start()
        desk.start()
        sampler.start()
        checking = asyncio.create_task(_check_durability(journal))
        watching = asyncio.create_task(journal_watch.run(ask))
        try:
            yield
        finally:
            await end(checking, watching)
            await sampler.stop()
            await desk.stop()
            await waiters.stop()
            prepared.stop()
            await subscriptions.stop()
            await listening.aclose()
            await journal.aclose()

    app = FastAPI(
        lifespan=lifespan,
        dependencies=[
            Depends(enough_scope(open_to_all=not settings.tokens)),
            Depends(own_origin_only(open_to_all=not settings.tokens)),
        ],
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # FastAPI's own would tell of paths, queries and bodies, which may hold card numbers.
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    app.state.services = services
    app.state.desk = desk
    callbacks = CallbackRules(settings.callbacks, settings.callbacks_private)
    app.include_router(commands.routes(services, callbacks))
    for routes in (cards.routes, tasks.routes):
        app.include_router(routes(services))
    app.include_router(health.routes(services, desk.looks.list))
    keep_s = settings.shared.status_ttl_s
    app.include_router(
        stripe_events.routes(services, settings.webhook_secrets, keep_s, settings.stripe_context)
    )
    app.include_router(api.routes(services, desk))
    app.include_router(overview_api.routes(services, insight))
    replayer = Replayer(services, keep_s)
    app.include_router(failed_api.routes(services, replayer))
    sessions, words = Sessions(settings.tokens, ask), Say(settings.shared.language)
    sign_ins = Brake(login.AT_ONCE, login.IN_ALL, clock)
    app.include_router(assets.routes())
    app.include_router(login.routes(words, sessions, sign_ins, metrics))
    app.include_router(pages.routes(services, desk, sessions, words))
    app.include_router(overview_routes.routes(services, insight, sessions, words))
    app.include_router(failed_routes.routes(services, replayer, words))
    app.include_router(docs_page.routes(document(app)))
    _answer_errors(app, answers, words)
    answer_errors(app, answers, desk)
    if settings.tokens:
        metrics.expect(names_of(settings.tokens))
    door = Door(
        KnownHosts(settings.host, settings.hosts, open_to_all=not settings.tokens),
        Surface(settings.operations_port, settings.closed),
        Bearers(settings.tokens, Brake(auth.AT_ONCE, auth.IN_ALL, clock), metrics),
        sessions,
        RequestRate(settings.rps, clock),
        RequestRate(settings.rps, clock, at_once=_PAGE_AT_ONCE),
        answers,
        metrics,
        words,
    )
    app.add_middleware(BodyPace, limits=limits or HttpLimits(), metrics=metrics)
    app.add_middleware(Entrance, door=door, answers=answers, metrics=metrics)
    app.add_middleware(BrowserHeaders)
    if tracing.is_on():
        app.add_middleware(ServerSpans)
    return app


def _answer_errors(app: FastAPI, answers: Answers, words: Say) -> None:
    @app.exception_handler(Refusal)
    async def refused(_: Request, error: Refusal) -> Response:
        return answers.refusal(error)

    @app.exception_handler(EncodingUnsupported)
    async def encoded(_: Request, error: EncodingUnsupported) -> Response:
        return answers.refusal(error, headers={"Accept-Encoding": error.wanted})

    @app.exception_handler(OtherOrigin)
    async def forbidden(request: Request, error: OtherOrigin) -> Response:
        if is_page(request.url.path):
            return refused_pages.other_origin(words, request.scope)
        return answers.refusal(error)

    @app.exception_handler(ScopeMissing)
    async def scope_missing(request: Request, error: ScopeMissing) -> Response:
        if is_page(request.url.path):
            return refused_pages.scope_missing(words, request.scope, error.needed)
        return answers.refusal(error, headers={"WWW-Authenticate": error.challenge})

    @app.exception_handler(JournalUnavailable)
    async def unavailable(_: Request, error: JournalUnavailable) -> Response:
        if error.other_data:  # told once, where it was noticed
            return answers.unavailable(error.fault.text)
        log.warning("%s", error)
        return answers.unavailable()

    @app.exception_handler(RecordDamaged)
    async def damaged(_: Request, error: RecordDamaged) -> Response:
        return answers.damaged(error.id)

    @app.exception_handler(JournalFault)
    async def fault(_: Request, error: JournalFault) -> Response:
        log.error("%s: %s", error, error.cause)
        return answers.no(500, "journal_damaged", Text.JOURNAL_DAMAGED)

    @app.exception_handler(HTTPException)
    async def not_routed(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return answers.no(404, "not_found", Text.NOT_FOUND)
        if error.status_code != 405:
            raise error
        methods = {method.strip() for method in (error.headers or {}).get("Allow", "").split(",")}
        methods |= {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
        allow = {"Allow": ", ".join(sorted(methods - {""}))}
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=allow)
        return answers.no(405, "method_not_allowed", Text.METHOD_NOT_ALLOWED, headers=allow)


async def _check_durability(journal: Journal) -> None:
    """Say where Redis is set to lose, or to evict, what it was given."""
    found = await journal.configuration()
    for name, wanted in _DURABLE.items():
        if found.get(name, wanted) != wanted:
            log.warning(
                "Redis runs with %s %s, not %s: a crash of it can lose accepted commands",
                name,
                found[name],
                wanted,
            )

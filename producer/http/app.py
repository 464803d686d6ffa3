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

from producer.contract.messages import Text
from producer.contract.refusals import Refusal
from producer.http.access import bearer_tokens as auth
from producer.http.access.bearer_tokens import BearerTokens
from producer.http.access.hosts import KnownHosts
from producer.http.access.listeners import Listeners
from producer.http.access.origin import OtherOrigin, own_origin_only
from producer.http.access.request_rate import RequestRate
from producer.http.access.scopes import ScopeMissing, enough_scope
from producer.http.access.throttle import Throttle
from producer.http.docs import page as docs_page
from producer.http.docs.document import document
from producer.http.failed import routes as failed_api
from producer.http.failed.replay import Replayer
from producer.http.metrics.request_metrics import Metrics
from producer.http.middleware.access_control import AccessControl
from producer.http.middleware.body_timeout import BodyTimeout
from producer.http.middleware.request_middleware import RequestMiddleware
from producer.http.middleware.security_headers import SecurityHeaders
from producer.http.middleware.server_spans import ServerSpans
from producer.http.migrations import routes as api
from producer.http.migrations.errors import answer_errors
from producer.http.migrations.services import MigrationServices
from producer.http.overview import routes as overview_api
from producer.http.overview.lookups import Lookups
from producer.http.overview.sampler import Sampler
from producer.http.pages.failed import routes as failed_routes
from producer.http.pages.migrations import routes as pages
from producer.http.pages.overview import routes as overview_routes
from producer.http.pages.site import assets, login
from producer.http.pages.site import error_pages as refused_pages
from producer.http.pages.site.sessions import Sessions, is_page
from producer.http.pages.texts.say import Say
from producer.http.requests.callback_url import CallbackRules
from producer.http.requests.content_encoding import EncodingUnsupported
from producer.http.responses import Responses
from producer.http.routes import cards, commands, health, tasks
from producer.http.routes import stripe_webhook as stripe_events
from producer.http.server.client_limits import ClientLimits
from producer.http.services import Services
from producer.http.waiting.background_tasks import end
from producer.http.waiting.bulkhead import JournalBulkhead
from producer.http.waiting.presubscribed_ids import PresubscribedIds
from producer.http.waiting.subscriptions import Subscriptions
from producer.http.waiting.waiters import Waiters
from producer.journal import (
    Journal,
    JournalFault,
    JournalUnavailable,
    JournalWatch,
    RecordDamaged,
)
from producer.observability import tracing
from producer.security.api_tokens import names_of
from producer.settings import WebSettings

log = logging.getLogger(__name__)

# A page sends several requests at once, and a person may have several pages open.
_PAGE_BURST = 20
_DURABLE = {"appendonly": "yes", "appendfsync": "always", "maxmemory-policy": "noeviction"}


def create_app(
    settings: WebSettings,
    limits: ClientLimits | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> FastAPI:
    """Build the application. On startup it connects to Redis, and starts even if Redis is down.

    `clock` (seconds) is the clock of rate limits and throttles.
    """
    journal = Journal(settings.shared.redis)
    listening = Journal(settings.shared.redis, retries=0)
    responses = Responses(settings.shared.language)
    metrics = Metrics()
    bulkhead = JournalBulkhead(journal)
    subscriptions = Subscriptions(listening)
    presubscribed = PresubscribedIds(subscriptions)
    waiters = Waiters(bulkhead, subscriptions)
    metrics.count_waiters(waiters.count)
    journal_watch = JournalWatch(settings.shared.redis)
    metrics.count_redis_errors(journal.errors)
    metrics.watch_journal_lost(lambda: journal_watch.lost is not None)
    services = Services(
        bulkhead,
        responses,
        waiters,
        subscriptions,
        presubscribed,
        metrics,
        journal_watch,
        settings.shared.signing,
    )
    migrations = MigrationServices.of(settings)
    sampler = Sampler(bulkhead, migrations.status_cache.list)
    lookups = Lookups.of(services, sampler)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        subscriptions.start()
        presubscribed.start()
        waiters.start()
        migrations.start()
        sampler.start()
        checking = asyncio.create_task(_check_durability(journal))
        watching = asyncio.create_task(journal_watch.run(bulkhead))
        try:
            yield
        finally:
            await end(checking, watching)
            await sampler.stop()
            await migrations.stop()
            await waiters.stop()
            presubscribed.stop()
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
        # FastAPI's telemetry would record paths, queries and bodies, which may hold card numbers.
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    app.state.services = services
    app.state.migrations = migrations
    callbacks = CallbackRules(settings.callbacks, settings.callbacks_private)
    app.include_router(commands.routes(services, callbacks))
    for routes in (cards.routes, tasks.routes):
        app.include_router(routes(services))
    app.include_router(health.routes(services, migrations.status_cache.list))
    keep_s = settings.shared.status_ttl_s
    app.include_router(
        stripe_events.routes(services, settings.webhook_secrets, keep_s, settings.stripe_context)
    )
    app.include_router(api.routes(services, migrations))
    app.include_router(overview_api.routes(services, lookups))
    replayer = Replayer(services, keep_s)
    app.include_router(failed_api.routes(services, replayer))
    sessions, words = Sessions(settings.tokens, bulkhead), Say(settings.shared.language)
    sign_ins = Throttle(login.PER_ADDRESS, login.OVERALL, clock)
    app.include_router(assets.routes())
    app.include_router(login.routes(words, sessions, sign_ins, metrics))
    app.include_router(pages.routes(services, migrations, sessions, words))
    app.include_router(overview_routes.routes(services, lookups, sessions, words))
    app.include_router(failed_routes.routes(services, replayer, words))
    app.include_router(docs_page.routes(document(app)))
    _answer_errors(app, responses, words)
    answer_errors(app, responses, migrations)
    if settings.tokens:
        metrics.declare_tokens(names_of(settings.tokens))
    access = AccessControl(
        KnownHosts(settings.host, settings.hosts, open_to_all=not settings.tokens),
        Listeners(settings.operations_port, settings.closed),
        BearerTokens(settings.tokens, Throttle(auth.PER_ADDRESS, auth.OVERALL, clock), metrics),
        sessions,
        RequestRate(settings.rps, clock),
        RequestRate(settings.rps, clock, burst=_PAGE_BURST),
        responses,
        metrics,
        words,
    )
    app.add_middleware(BodyTimeout, limits=limits or ClientLimits(), metrics=metrics)
    app.add_middleware(RequestMiddleware, access=access, responses=responses, metrics=metrics)
    app.add_middleware(SecurityHeaders)
    if tracing.is_on():
        app.add_middleware(ServerSpans)
    return app


def _answer_errors(app: FastAPI, responses: Responses, words: Say) -> None:
    @app.exception_handler(Refusal)
    async def refused(_: Request, error: Refusal) -> Response:
        return responses.refusal(error)

    @app.exception_handler(EncodingUnsupported)
    async def encoded(_: Request, error: EncodingUnsupported) -> Response:
        return responses.refusal(error, headers={"Accept-Encoding": error.wanted})

    @app.exception_handler(OtherOrigin)
    async def forbidden(request: Request, error: OtherOrigin) -> Response:
        if is_page(request.url.path):
            return refused_pages.other_origin(words, request.scope)
        return responses.refusal(error)

    @app.exception_handler(ScopeMissing)
    async def scope_missing(request: Request, error: ScopeMissing) -> Response:
        if is_page(request.url.path):
            return refused_pages.scope_missing(words, request.scope, error.needed)
        return responses.refusal(error, headers={"WWW-Authenticate": error.challenge})

    @app.exception_handler(JournalUnavailable)
    async def unavailable(_: Request, error: JournalUnavailable) -> Response:
        if error.other_data:  # logged once, where it was detected
            return responses.unavailable(error.fault.text)
        log.warning("%s", error)
        return responses.unavailable()

    @app.exception_handler(RecordDamaged)
    async def damaged(_: Request, error: RecordDamaged) -> Response:
        return responses.damaged(error.id)

    @app.exception_handler(JournalFault)
    async def fault(_: Request, error: JournalFault) -> Response:
        log.error("%s: %s", error, error.cause)
        return responses.no(500, "journal_damaged", Text.JOURNAL_DAMAGED)

    @app.exception_handler(HTTPException)
    async def not_routed(request: Request, error: HTTPException) -> Response:
        if error.status_code == 404:
            return responses.no(404, "not_found", Text.NOT_FOUND)
        if error.status_code != 405:
            raise error
        methods = {method.strip() for method in (error.headers or {}).get("Allow", "").split(",")}
        methods |= {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
        allow = {"Allow": ", ".join(sorted(methods - {""}))}
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=allow)
        return responses.no(405, "method_not_allowed", Text.METHOD_NOT_ALLOWED, headers=allow)


async def _check_durability(journal: Journal) -> None:
    """Warn if Redis is configured to lose or evict data."""
    found = await journal.configuration()
    for name, wanted in _DURABLE.items():
        if found.get(name, wanted) != wanted:
            log.warning(
                "Redis runs with %s %s instead of %s: a Redis crash can lose accepted commands",
                name,
                found[name],
                wanted,
            )

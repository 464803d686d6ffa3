"""`/healthz`, `/readyz` and `/metrics`: for orchestrators and Prometheus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from producer.contract import Lane
from producer.contract.messages import Text
from producer.http.metrics.journal_metrics import JournalSnapshot
from producer.http.openapi.routes import GET_METRICS, HEALTHZ, READYZ
from producer.http.services import Services
from producer.journal import (
    JournalFault,
    JournalUnavailable,
    figures,
    paces,
    stopped,
    stuck_for,
    workers_seen,
    write_probe,
)
from producer.journal.commands.redeliveries import repeats
from producer.journal.operations.dead_letters import letter_counts
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationStatus

WORKER_SEEN_S = 30
# If a lane's commands wait this long while none of them is attempted, no worker serves the lane.
STUCK_S = 60
_CALL_WITHIN_S = 2.0


def routes(
    services: Services, migrations: Callable[[], Awaitable[list[MigrationStatus]]]
) -> APIRouter:
    """The three routes. `migrations` lists all migrations."""
    router = APIRouter()
    responses = services.responses

    @router.get("/healthz", **HEALTHZ)
    async def healthz(request: Request) -> Response:
        """Whether the process is alive."""
        return responses.yes(Text.ALIVE)

    @router.get("/readyz", **READYZ)
    async def readyz(request: Request) -> Response:
        """Whether commands can be accepted and executed now; with `?only=web`, just accepted."""
        only_web = request.query_params.get("only") == "web"
        missing = await _missing(services, only_web=only_web)
        names = ("redis",) if only_web else ("redis", "worker", "stripe")
        data = {name: name not in missing for name in names}
        data["journal"] = services.journal_watch.lost is None
        if not missing:
            return responses.yes(Text.READY if data["journal"] else Text.READY_OTHER_DATA, data)
        return responses.no(
            503, "not_ready", Text.NOT_READY, data, missing="; ".join(missing.values())
        )

    @router.get("/metrics", response_class=PlainTextResponse, **GET_METRICS)
    async def metrics(request: Request) -> Response:
        """Counters in Prometheus' text format."""
        try:
            counts = await services.journal(figures(), within_s=_CALL_WITHIN_S)
            limits = await services.journal(paces(), within_s=_CALL_WITHIN_S)
            dead = await services.journal(letter_counts(), within_s=_CALL_WITHIN_S)
            repeated = await services.journal(repeats(), within_s=_CALL_WITHIN_S)
            rows = unended_rows(await migrations())
            services.metrics.set_journal(JournalSnapshot(counts, limits, dead, repeated, rows))
        except (JournalUnavailable, JournalFault):
            services.metrics.set_journal(None)
        return services.metrics.response()

    return router


def unended_rows(migrations: Iterable[MigrationStatus]) -> Counter[str]:
    """Rows by state, of migrations that have not ended."""
    rows = Counter({state.word: 0 for state in RowState})
    for migration in migrations:
        if not migration.state.ended:
            rows.update({state.word: count for state, count in migration.counts.items()})
    return rows


async def _missing(services: Services, *, only_web: bool) -> dict[str, str]:
    language = services.responses.language
    if services.stopping.is_set():
        return {"web": Text.STOPPING.say(language)}
    if _other_data(services):  # the process neither reads nor writes it
        return {"journal": Text.REDIS_OTHER_DATA.say(language)}
    try:
        await services.journal(write_probe(), within_s=_CALL_WITHIN_S)
        if only_web:
            return {}
        seen = await services.journal(workers_seen(WORKER_SEEN_S), within_s=_CALL_WITHIN_S)
        stop = await services.journal(stopped(), within_s=_CALL_WITHIN_S)
        stuck = [
            lane
            for lane in Lane
            if await services.journal(stuck_for(lane), within_s=_CALL_WITHIN_S) > STUCK_S
        ]
    except JournalFault:
        return {"redis": Text.JOURNAL_DAMAGED.say(language)}
    except JournalUnavailable as error:
        return {"redis": error.fault.text.say(language)}
    if _other_data(services):  # detected in the meantime
        return {"journal": Text.REDIS_OTHER_DATA.say(language)}
    missing = {}
    if not seen:
        missing["worker"] = Text.NO_WORKER_SEEN.say(language, seconds=str(WORKER_SEEN_S))
    elif stuck:
        lanes = ", ".join(lane.value for lane in stuck)
        missing["worker"] = Text.LANES_STUCK.say(language, lanes=lanes, seconds=str(STUCK_S))
    if stop is not None:
        since = datetime.fromtimestamp(stop.since_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        missing["stripe"] = Text.KEY_REFUSED.say(language, code=stop.code, since=since)
    return missing


def _other_data(services: Services) -> bool:
    return services.journal_watch.refuses is not None

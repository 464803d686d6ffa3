"""The overall situation in sentences, and what the operator should do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from producer.contract import Lane
from producer.contract.card_data.redaction import redact
from producer.http.overview.sampler import Overview
from producer.http.pages.site.parts import clock
from producer.http.pages.texts.overview import Live
from producer.http.pages.texts.say import Say
from producer.migrations.input.values.display_text import visible

# As in the alert CardsLaneStuck: no command of the lane was started for so long.
STUCK_S = 120.0
# As in the alert CardsOutcomeUnknown.
UNKNOWN_S = 900.0


@dataclass(frozen=True, slots=True)
class Matter:
    """`now` and `todo` are text; `alert` names a section of docs/runbook.md, if there is one."""

    now: str
    todo: str
    alert: str = ""


def matters(say: Say, overview: Overview) -> list[Matter]:
    """What needs an operator, the worst first; if nothing does, that all is well."""
    figures = overview.figures
    problems: list[Matter] = []
    if overview.refuses is not None:
        now = say(Live.REFUSES, why=overview.refuses.text)
        problems.append(Matter(now, say(Live.REFUSES_DO), "CardsRefusingCommands"))
    if figures.stop is not None:
        code = visible(redact(figures.stop.code))
        todo = say(Live.KEY_REFUSED_DO, since=_since(figures.stop.since_ms))
        problems.append(Matter(say(Live.KEY_REFUSED, code=code), todo, "CardsStripeKeyRefused"))
    if not figures.workers and overview.refuses is None:
        problems.append(Matter(say(Live.NO_WORKER), say(Live.NO_WORKER_DO), "CardsNoWorker"))
    for lane in Lane:
        problems += _of_lane(say, overview, lane, blocked=bool(problems))
    if figures.unknown and figures.oldest_unsettled_s >= UNKNOWN_S:
        todo = say(Live.UNKNOWN_NOW_DO, span=say.span(figures.oldest_unsettled_s))
        now = say(Live.UNKNOWN_NOW, count=say.figure(figures.unknown))
        problems.append(Matter(now, todo, "CardsOutcomeUnknown"))
    if figures.failed:
        now = say(Live.FAILED_NOW, count=say.figure(figures.failed))
        problems.append(Matter(now, say(Live.FAILED_NOW_DO), "CardsCommandsFailed"))
    if problems:
        return problems
    waiting = say.figure(sum(figures.unclaimed.values()))
    at_work = say.figure(figures.at_work)
    todo = say(Live.ALL_WELL_DO, waiting=waiting, at_work=at_work)
    return [Matter(say(Live.ALL_WELL), todo)]


def _of_lane(say: Say, overview: Overview, lane: Lane, *, blocked: bool) -> list[Matter]:
    pause = overview.figures.paused.get(lane)
    if pause is not None:
        reason = f" ({visible(redact(pause.reason))})" if pause.reason else ""
        todo = say(Live.PAUSED_DO, lane=lane.value, since=clock(pause.since), reason=reason)
        return [Matter(say(Live.PAUSED, lane=lane.value), todo, "CardsLanePaused")]
    oldest = overview.figures.oldest_s[lane]
    # A migration's long queue is no problem as long as it moves.
    if blocked or oldest < STUCK_S or overview.rate is None or overview.rate > 0:
        return []
    todo = say(Live.STUCK_DO, span=say.span(oldest))
    return [Matter(say(Live.STUCK, lane=lane.value), todo, "CardsLaneStuck")]


def _since(milliseconds: int) -> str:
    try:
        return clock(datetime.fromtimestamp(milliseconds / 1000, UTC))
    except (ValueError, OverflowError, OSError):
        return "?"

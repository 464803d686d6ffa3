"""What is going on as a whole, in a sentence, and what a person does about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from producer.contract import Lane
from producer.contract.card_data.redaction import redact
from producer.http.overview.sampler import Overview
from producer.http.pages.site.parts import clock
from producer.http.pages.texts.overview import Told
from producer.http.pages.texts.say import Say
from producer.migrations.input.values.display_text import visible

# As the alert CardsLaneStuck: nothing of the lane was begun for so long.
STUCK_S = 120.0
# As the alert CardsOutcomeUnknown.
UNKNOWN_S = 900.0


@dataclass(frozen=True, slots=True)
class Matter:
    """`now` and `todo` are text; `alert` is the section of docs/runbook.md, if one is."""

    now: str
    todo: str
    alert: str = ""


def matters(say: Say, found: Overview) -> list[Matter]:
    """What needs a person, the worst first; what is well where there is nothing."""
    figures = found.figures
    told: list[Matter] = []
    if found.refuses is not None:
        now = say(Told.REFUSES, why=found.refuses.text)
        told.append(Matter(now, say(Told.REFUSES_DO), "CardsRefusingCommands"))
    if figures.stop is not None:
        code = visible(redact(figures.stop.code))
        todo = say(Told.KEY_REFUSED_DO, since=_since(figures.stop.since_ms))
        told.append(Matter(say(Told.KEY_REFUSED, code=code), todo, "CardsStripeKeyRefused"))
    if not figures.workers and found.refuses is None:
        told.append(Matter(say(Told.NO_WORKER), say(Told.NO_WORKER_DO), "CardsNoWorker"))
    for lane in Lane:
        told += _of_lane(say, found, lane, blocked=bool(told))
    if figures.unknown and figures.oldest_unsettled_s >= UNKNOWN_S:
        todo = say(Told.UNKNOWN_NOW_DO, span=say.span(figures.oldest_unsettled_s))
        now = say(Told.UNKNOWN_NOW, count=say.figure(figures.unknown))
        told.append(Matter(now, todo, "CardsOutcomeUnknown"))
    if figures.failed:
        now = say(Told.FAILED_NOW, count=say.figure(figures.failed))
        told.append(Matter(now, say(Told.FAILED_NOW_DO), "CardsCommandsFailed"))
    if told:
        return told
    waiting = say.figure(sum(figures.not_taken.values()))
    at_work = say.figure(figures.at_work)
    todo = say(Told.ALL_WELL_DO, waiting=waiting, at_work=at_work)
    return [Matter(say(Told.ALL_WELL), todo)]


def _of_lane(say: Say, found: Overview, lane: Lane, *, blocked: bool) -> list[Matter]:
    pause = found.figures.paused.get(lane)
    if pause is not None:
        reason = f" ({visible(redact(pause.reason))})" if pause.reason else ""
        todo = say(Told.PAUSED_DO, lane=lane.value, since=clock(pause.since), reason=reason)
        return [Matter(say(Told.PAUSED, lane=lane.value), todo, "CardsLanePaused")]
    oldest = found.figures.oldest_s[lane]
    # A long line of a migration is no fault as long as it moves.
    if blocked or oldest < STUCK_S or found.rate is None or found.rate > 0:
        return []
    todo = say(Told.STUCK_DO, span=say.span(oldest))
    return [Matter(say(Told.STUCK, lane=lane.value), todo, "CardsLaneStuck")]


def _since(milliseconds: int) -> str:
    try:
        return clock(datetime.fromtimestamp(milliseconds / 1000, UTC))
    except (ValueError, OverflowError, OSError):
        return "?"

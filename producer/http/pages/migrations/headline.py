"""A migration's situation in a sentence, and what the operator should do."""

from __future__ import annotations

from dataclasses import dataclass

from producer.http.pages.texts.migrations import Page
from producer.http.pages.texts.say import Say
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationState, MigrationStatus

_GOOD = (RowState.APPLIED, RowState.ALREADY_SO)


@dataclass(frozen=True, slots=True)
class Situation:
    """`now` and `todo` are text; `attention` if the operator should act."""

    now: str
    todo: str
    attention: bool = False


def good_rows(status: MigrationStatus) -> int:
    """Number of rows that are as the file says."""
    return sum(status.counts.get(state, 0) for state in _GOOD)


def not_applied(status: MigrationStatus) -> int:
    """Number of rows that ended otherwise, not counting skipped ones."""
    skipped = status.counts.get(RowState.SKIPPED, 0)
    return status.ended_rows - good_rows(status) - skipped


def situation(say: Say, status: MigrationStatus, *, driven_here: bool = False) -> Situation:
    """The situation. `driven_here`: this web process drives or will drive the migration."""
    share = say.share(status.ended_rows, status.rows)
    pending = say.figure(status.counts.get(RowState.PENDING, 0))
    match status.state:
        case MigrationState.PAUSED if status.untouched:
            return Situation(say(Page.READY), say(Page.READY_DO, rows=pending), True)
        case MigrationState.PAUSED:
            return Situation(say(Page.PAUSED, share=share), say(Page.PAUSED_DO), True)
        case MigrationState.STOPPED:
            return Situation(say(Page.STOPPED), say(Page.STOPPED_DO), True)
        case MigrationState.CANCELLED:
            rows = say.figure(status.counts.get(RowState.CANCELLED, 0))
            return Situation(say(Page.CANCELLED), say(Page.CANCELLED_DO, rows=rows))
        case MigrationState.FINISHED:
            return _finished(say, status)
    if status.state is MigrationState.CANCELLING:
        return Situation(say(Page.CANCELLING), say(Page.CANCELLING_DO))
    if status.driver is None and driven_here:
        return Situation(say(Page.STARTING, share=share), say(Page.STARTING_DO))
    if status.driver is None:
        return Situation(say(Page.NO_DRIVER), say(Page.NO_DRIVER_DO), True)
    now = say(Page.RUNNING, share=share)
    if status.eta_s is not None:
        now += ", " + say(Page.RUNNING_LEFT, span=say.span(status.eta_s))
    if status.rate == 0 and status.counts.get(RowState.SENT):
        return Situation(now, say(Page.SLOW_DO))
    return Situation(now, say(Page.RUNNING_DO))


def _finished(say: Say, status: MigrationStatus) -> Situation:
    bad = not_applied(status)
    good = say.figure(good_rows(status))
    if not bad:
        return Situation(say(Page.FINISHED, rows=good), say(Page.FINISHED_DO))
    now = say(Page.FINISHED_BUT, good=good, bad=say.figure(bad))
    return Situation(now, say(Page.FINISHED_BUT_DO), True)

"""Renders the page at `/`: the current situation."""

from __future__ import annotations

from html import escape
from typing import Any

from producer.contract import Lane, Refusal, State
from producer.contract.card_data.redaction import redact
from producer.contract.failed_filters import POISON, FailedFilter
from producer.http.overview.sampler import COUNTED, Overview, TroubledCommands
from producer.http.pages.failed_commands.view import PATH as FAILED
from producer.http.pages.failed_commands.view import list_url, replay_button
from producer.http.pages.migrations.migration_view import bar
from producer.http.pages.overview.headline import matters
from producer.http.pages.site.parts import (
    clock,
    code,
    command_link,
    customer_link,
    facts,
    prose,
    section,
    sentence,
    state,
    state_mark,
    table,
    text,
)
from producer.http.pages.texts.failed import Failed
from producer.http.pages.texts.migrations import Page
from producer.http.pages.texts.overview import Live
from producer.http.pages.texts.runbook import todo_of_code, todo_of_state
from producer.http.pages.texts.say import Say
from producer.journal.operations.failed_commands import Kept

_LANES = {Lane.INTERACTIVE: Live.INTERACTIVE, Lane.BULK: Live.BULK}


def body(say: Say, overview: Overview, *, can_replay: bool = False) -> str:
    """The page's content. `can_replay`: the viewer may replay failed commands."""
    shown = "".join(
        f'<div id="{name}" tabindex="-1">{html}</div>'
        for name, html in parts(say, overview, can_replay=can_replay).items()
        if name != "say"
    )
    find = (
        f'<form action="/find" method="get"><label for="id">{escape(say(Live.FIND_ID))}</label>'
        '<div class="inline find"><input id="id" name="id" required maxlength="255" '
        f'autocomplete="off" spellcheck="false"><button class="second">'
        f"{escape(say(Live.FIND_GO))}</button></div></form>"
    )
    return (
        f'<h1>{escape(say(Page.CARDS))}</h1><p class="quiet small">'
        f'{escape(say(Live.WHAT_THIS_IS))}</p><p class="say" id="say" role="status" '
        f'aria-live="polite"></p>{shown}{section(say(Live.FIND), find)}'
        f'<footer class="quiet small">{escape(say(Page.TIMES))} '
        f"<noscript>{escape(say(Page.NO_SCRIPT))}</noscript></footer>"
    )


def event(say: Say, overview: Overview, *, can_replay: bool = False) -> dict[str, Any]:
    """The event sent to the page when something has changed."""
    return {
        "title": title(say, overview),
        "ended": False,
        "parts": parts(say, overview, can_replay=can_replay),
    }


def title(say: Say, overview: Overview) -> str:
    """The browser tab's title."""
    return f"{matters(say, overview)[0].now} · {say(Page.CARDS)}"


def parts(say: Say, overview: Overview, *, can_replay: bool = False) -> dict[str, str]:
    """HTML by element id."""
    return {
        "say": escape("; ".join(matter.now for matter in matters(say, overview))),
        "now": _now(say, overview),
        "lanes": _lanes(say, overview),
        "ended": _ended(say, overview),
        "failed": _failed(say, overview, can_replay=can_replay),
        "unsettled": _unsettled(say, overview),
        "migrations": _migrations(say, overview),
    }


def _now(say: Say, overview: Overview) -> str:
    shown = ""
    for matter in matters(say, overview):
        attention = ' class="attention"' if matter.alert else ""
        where = f"`docs/runbook.md#{matter.alert.lower()}`"
        more = say(Live.RUNBOOK, where=where) if matter.alert else ""
        shown += f'<section{attention}><p class="now">{escape(matter.now)}</p>'
        shown += f'<p class="do">{prose(matter.todo)} {prose(more)}</p></section>'
    return shown


def _lanes(say: Say, overview: Overview) -> str:
    figures = overview.figures
    rows = []
    for lane in Lane:
        waiting = figures.unclaimed[lane]
        pause = figures.paused.get(lane)
        now = say(Live.PAUSED_SINCE, since=clock(pause.since)) if pause else say(Live.OPEN)
        oldest = say.span(figures.oldest_s[lane]) if waiting else "–"
        name = f"{code(lane.value)}<small>{escape(say(_LANES[lane]))}</small>"
        unended = say.figure(figures.open_in(lane))
        rows.append((name, unended, say.figure(waiting), escape(oldest), escape(now)))
    words = (Live.LANE, Live.UNENDED, Live.WAITING, Live.OLDEST, Live.NOW_STATE)
    columns = [say(one) for one in words]
    rate = "–" if overview.rate is None else say(Live.PER_SECOND, figure=_rate(say, overview.rate))
    cells = [
        (say(Live.RATE), rate, _limit(say, overview)),
        (say(Live.AT_WORK), say.figure(figures.at_work), say(Live.CUSTOMERS)),
        (say(Live.WORKERS), *_workers(say, overview)),
    ]
    return section(say(Live.LANES), table(columns, rows) + facts(cells))


def _workers(say: Say, overview: Overview) -> tuple[str, str]:
    if overview.refuses is not None:
        return "–", say(Live.WORKERS_UNKNOWN)
    return say.figure(overview.figures.workers), say(Live.WORKERS_SEEN)


def _limit(say: Say, overview: Overview) -> str:
    pace = overview.paces.get("account")
    if pace is None or not pace.rate:
        return say(Live.NO_LIMIT)
    limit = _rate(say, pace.rate)
    if pace.factor >= 0.995:
        return say(Live.LIMIT_OF, figure=limit)
    return say(Live.SLOWED, figure=limit, now=_rate(say, overview.limit))


def _rate(say: Say, value: float) -> str:
    return say.figure(value, 0 if value >= 10 or value == int(value) else 1)


def _ended(say: Say, overview: Overview) -> str:
    states = overview.recent_ends.states()
    cells = [(state(say, one), say.figure(n), "") for one, n in states.items()]
    hint = f'<p class="quiet small">{escape(say(Live.ENDED_HINT))}</p>'
    since = overview.recent_ends.since.strftime("%H:%M")
    return section(say(Live.ENDED, since=f"{since} UTC"), facts(cells) + hint)


def _failed(say: Say, overview: Overview, *, can_replay: bool) -> str:
    count = overview.figures.failed
    heading = f"{say(Live.FAILED)}: {say.figure(count)}"
    if not count:
        return section(heading, f"<p>{escape(say(Live.NONE))}</p>")
    items = ""
    for one, n in overview.failed.codes.items():
        named = redact(one)
        links = _code_links(say, one, can_replay=can_replay)
        items += f"<li>{_times(say, n, named)}<p>{prose(todo_of_code(say, named))}</p>{links}</li>"
    columns = [say(one) for one in (Live.COMMAND, Live.CUSTOMER, Live.CODE, Live.MESSAGE)]
    rows = [_failed_row(one) for one in overview.failed.examples]
    inside = f'{_partly(say, Live.NEWEST, overview.failed)}<ul class="wrong">{items}</ul>'
    see = f'<p><a href="{FAILED}">{escape(say(Failed.SEE_ALL))}</a></p>'
    return section(heading, inside + table(columns, rows) + see, attention=True)


def _code_links(say: Say, named: str, *, can_replay: bool) -> str:
    """Links to the failed commands of a code, and to their replay."""
    try:
        parts = FailedFilter.of({"code": named}).parts()
    except Refusal:  # the row's code is malformed
        return ""
    if named == "-" or redact(named) != named:
        return ""
    see = f'<a href="{escape(list_url(parts))}">{escape(say(Failed.SEE))}</a>'
    button = replay_button(say, parts) if can_replay and named != POISON else ""
    return f'<div class="inline ways">{see}{button}</div>'


def _failed_row(command: Kept) -> tuple[str, ...]:
    row = command.row
    error = text(redact(row.get("error", "")))
    return (
        command_link(command.id),
        customer_link(row["user"]),
        code(redact(row.get("code", ""))),
        f'<span class="small">{error}</span>' if error else "",
    )


def _unsettled(say: Say, overview: Overview) -> str:
    count = overview.figures.unsettled
    heading = f"{say(Live.UNSETTLED)}: {say.figure(count)}"
    if not count:
        return section(heading, f"<p>{escape(say(Live.NONE))}</p>")
    items = "".join(
        f'<li class="minor">{_times(say, n, redact(one))}</li>'
        for one, n in overview.unsettled.codes.items()
    )
    columns = [say(one) for one in (Live.COMMAND, Live.CUSTOMER, Live.STATE, Live.CODE)]
    rows = []
    for one in overview.unsettled.examples:
        mark = state_mark(say, one.state.value)
        if one.state is State.UNKNOWN:
            mark += f"<small>{escape(todo_of_state(say, 'unknown'))}</small>"
        reason = code(redact(one.row.get("code", "")))
        rows.append((command_link(one.id), customer_link(one.row.get("user", "")), mark, reason))
    inside = f'{_partly(say, Live.OLDEST_OF, overview.unsettled)}<ul class="wrong">{items}</ul>'
    return section(heading, inside + table(columns, rows))


def _times(say: Say, count: int, named: str) -> str:
    if named == "-":
        return f"<b>{say.figure(count)}</b> {escape(say(Live.NO_CODE))}"
    return sentence(say, Live.TIMES_CODE, count=f"<b>{say.figure(count)}</b>", code=code(named))


def _partly(say: Say, word: Live, trouble: TroubledCommands) -> str:
    if trouble.complete:
        return ""
    return f'<p class="quiet small">{escape(say(word, count=say.figure(COUNTED)))}</p>'


def _migrations(say: Say, overview: Overview) -> str:
    if not overview.migrations:
        return section(say(Live.UNDER_WAY), f"<p>{escape(say(Live.NO_MIGRATIONS))}</p>")
    columns = [say(migration) for migration in (Page.FILE, Page.STATE, Page.PROGRESS, Page.LEFT)]
    rows = []
    for migration in overview.migrations:
        of = say(Page.OF, part=say.figure(migration.ended_rows), whole=say.figure(migration.rows))
        share = (
            f"{escape(say.share(migration.ended_rows, migration.rows))} <small>{escape(of)}</small>"
        )
        left = "–" if migration.eta_s is None else say.span(migration.eta_s)
        link = f'<a href="/migrations/{escape(migration.id)}">{text(migration.name)}</a>'
        rows.append(
            (link, escape(say.state(migration.state)), share + bar(say, migration), escape(left))
        )
    return section(say(Live.UNDER_WAY), table(columns, rows))

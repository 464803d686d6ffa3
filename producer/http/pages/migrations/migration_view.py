"""Renders a migration's page, in parts that are rendered again while the migration runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html import escape
from typing import Any

from producer.contract.bilingual import Bilingual
from producer.http.pages.migrations.headline import not_applied, situation
from producer.http.pages.migrations.plan_view import Plan, folded, section
from producer.http.pages.migrations.rows_view import link, outcomes, wrong
from producer.http.pages.site.parts import prose
from producer.http.pages.texts.migrations import Page
from producer.http.pages.texts.say import Say
from producer.http.pages.texts.uploads import Upload
from producer.migrations.input.values.display_text import visible
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationState, MigrationStatus
from producer.migrations.report.rate_chart import rate_chart
from producer.migrations.texts.states import SHOWN

PILOT_ROWS = 100
_BAR = 1000
_STARTS = (MigrationState.PAUSED, MigrationState.STOPPED)


def body(
    say: Say,
    status: MigrationStatus,
    notice: str = "",
    *,
    driven_here: bool = False,
    can_steer: bool = True,
    plan: Plan | None = None,
) -> str:
    """The page's content.

    `driven_here`: this web process drives, or will drive, the migration. `can_steer`: the viewer
    may control it. `plan` is its file's plan, if known.
    """
    shown = "".join(
        f'<div id="{name}" tabindex="-1">{html}</div>'
        for name, html in parts(say, status, driven_here, can_steer, plan).items()
        if name != "say"
    )
    footer = f"<code>{escape(status.id)}</code> · {escape(say(Page.TIMES))} "
    footer += f"<noscript>{escape(say(Page.NO_SCRIPT))}</noscript>"
    return (
        f'<h1 class="name">{escape(visible(status.name))}</h1>'
        f'<p class="quiet small">{escape(say(Page.WHAT_IT_IS))}</p>{notice}'
        f'<p class="say" id="say" role="status" aria-live="polite"></p>{shown}'
        f'<footer class="quiet small">{footer}</footer>'
    )


def event(
    say: Say,
    status: MigrationStatus,
    driven_here: bool,
    *,
    can_steer: bool = True,
    plan: Plan | None = None,
) -> dict[str, Any]:
    """The event sent to the page when something has changed."""
    return {
        "title": title(say, status),
        "ended": status.state.ended,
        "parts": parts(say, status, driven_here, can_steer, plan),
    }


def title(say: Say, status: MigrationStatus) -> str:
    """The browser tab's title; the share comes first, since a tab shows little more."""
    share, name = say.share(status.ended_rows, status.rows), visible(status.name)
    return f"{share} · {say.state(status.state)} · {name}"


def parts(
    say: Say,
    status: MigrationStatus,
    driven_here: bool,
    can_steer: bool = True,
    plan: Plan | None = None,
) -> dict[str, str]:
    """HTML by element id. Before anything is sent, the plan takes the place of the progress."""
    errors = link(status, "errors.csv", "errors.csv")
    if plan is not None and not_started(status):
        return {
            "say": _said(say, status),
            "now": _now(say, status, driven_here),
            "plan": section(say, plan, errors),
            "steer": _steer(say, status, driven_here) if can_steer else _look_only(say, status),
            **dict.fromkeys(("wrong", "became", "speed", "files", "planned"), ""),
        }
    return {
        "say": _said(say, status),
        "now": _now(say, status, driven_here),
        "plan": "",
        "steer": _steer(say, status, driven_here) if can_steer else _look_only(say, status),
        "wrong": wrong(say, status),
        "became": outcomes(say, status),
        "speed": _speed(say, status),
        "files": _files(say, status),
        "planned": folded(say, plan, errors) if plan is not None else "",
    }


def not_started(status: MigrationStatus) -> bool:
    """Whether the migration waits for an operator to start it."""
    return status.state is MigrationState.PAUSED and status.untouched


def _said(say: Say, status: MigrationStatus) -> str:
    """The state and the tenths of rows done; screen readers announce each change."""
    tenths = 10 * (10 * status.ended_rows // status.rows) if status.rows else 100
    return escape(f"{say.state(status.state)}, {tenths} %")


def _now(say: Say, status: MigrationStatus, driven_here: bool) -> str:
    current = situation(say, status, driven_here=driven_here)
    attention = ' class="attention"' if current.attention else ""
    return (
        f'<section{attention}><p class="now">{escape(current.now)}</p>'
        f'<p class="do">{prose(current.todo)}</p>{bar(say, status)}'
        f'<dl class="facts">{_facts(say, status)}</dl></section>'
    )


def bar(say: Say, status: MigrationStatus) -> str:
    """The rows by state, as a bar with one colour per state."""
    x, rects = 0.0, ""
    for state in SHOWN:
        if count := status.counts.get(state, 0):
            width = max(_BAR * count / status.rows, 3)
            name = escape(f"{say.row(state)[0]}: {say.figure(count)}")
            rects += f'<rect class="{state.word}" x="{x:.1f}" width="{width:.1f}" height="20">'
            rects += f"<title>{name}</title></rect>"
            x += width
    label = escape(say(Page.DONE) + ": " + say.share(status.ended_rows, status.rows))
    return (
        f'<svg class="bar" viewBox="0 0 {max(x, 1):.1f} 20" preserveAspectRatio="none" '
        f'role="img" aria-label="{label}">{rects}</svg>'
    )


def _facts(say: Say, status: MigrationStatus) -> str:
    of = say(Page.OF, part=say.figure(status.ended_rows), whole=say.figure(status.rows))
    wrong = not_applied(status)
    limit = (
        say(Page.NO_LIMIT)
        if status.rps is None
        else say(Page.AT_MOST, figure=say.figure(status.rps, 0 if status.rps >= 10 else 1))
    )
    moving = status.driver is not None and not status.state.ended
    rate = say(Page.A_SECOND, figure=say.figure(status.rate, 0 if status.rate >= 10 else 1))
    cells = [
        (Page.DONE, say.share(status.ended_rows, status.rows), of),
        (Page.LEFT, *_left(say, status)),
        (Page.SPEED, rate if moving else "–", "" if status.state.ended else limit),
        (Page.PROBLEMS, say.figure(wrong), say(Page.OF_ALL, share=say.share(wrong, status.rows))),
    ]
    return "".join(
        f'<div class="fact"><dt>{escape(say(word))}</dt><dd>{escape(figure)}'
        f"<small>{escape(more)}</small></dd></div>"
        for word, figure, more in cells
    )


def _left(say: Say, status: MigrationStatus) -> tuple[str, str]:
    if status.state.ended:
        at = status.finished_at
        return say(Page.NOTHING_LEFT), f"{say(Page.ENDED)} {_clock(at)}" if at else ""
    if status.eta_s is None:
        return "–", say(Page.UNKNOWN_TIME)
    # To the minute: a time that changes every second says no more.
    at = datetime.now(UTC) + timedelta(seconds=status.eta_s)
    return say.span(status.eta_s), say(Page.ABOUT, clock=_clock(at))


def _steer(say: Say, status: MigrationStatus, driven_here: bool) -> str:
    if status.state.ended:
        return ""
    buttons = ""
    if not_started(status):
        return _start(say, status, driven_here)
    if status.state in _STARTS:
        buttons += _button(say, status, "resume", Page.CONTINUE, "")
    if status.state is MigrationState.RUNNING:
        buttons += _button(say, status, "pause", Page.PAUSE, "second")
    if status.state is not MigrationState.CANCELLING:
        buttons += (
            f"{_throttle(say, status)}<details><summary>{escape(say(Page.CANCEL))}</summary>"
            f"<p>{escape(say(Page.CANCEL_MEANS))}</p>"
            f"{_button(say, status, 'cancel', Page.CANCEL_SURE, 'danger')}</details>"
        )
    if not buttons:
        return ""
    return (
        f'<section><h2>{escape(say(Page.STEER))}</h2><div class="buttons">{buttons}</div></section>'
    )


def _start(say: Say, status: MigrationStatus, driven_here: bool) -> str:
    """The actions on a planned migration of which nothing was sent."""
    pending = status.counts.get(RowState.PENDING, 0)
    buttons = ""
    if driven_here and pending:
        rows = min(PILOT_ROWS, pending)
        buttons += (
            f'<form method="post" action="/migrations/{escape(status.id)}/pilot">'
            f'<label for="rows">{escape(say(Upload.PILOT_ROWS))}</label><div class="inline">'
            f'<input id="rows" name="rows" type="number" min="1" max="999999999" required '
            f'inputmode="numeric" value="{rows}" aria-describedby="pilot-hint">'
            f"<button>{escape(say(Upload.PILOT))}</button></div>"
            f'<p class="quiet small" id="pilot-hint">{escape(say(Upload.PILOT_HINT))}</p></form>'
        )
    buttons += _button(say, status, "resume", Upload.ALL, "second all")
    buttons += _throttle(say, status)
    buttons += (
        f"<details><summary>{escape(say(Upload.DISCARD))}</summary>"
        f"<p>{escape(say(Upload.DISCARD_MEANS))}</p>"
        f"{_button(say, status, 'discard', Upload.DISCARD_SURE, 'danger')}</details>"
    )
    return (
        f'<section><h2>{escape(say(Page.STEER))}</h2><div class="buttons">{buttons}</div></section>'
    )


def _throttle(say: Say, status: MigrationStatus) -> str:
    rps = "" if status.rps is None else f"{status.rps:g}"
    return (
        f'<form method="post" action="/migrations/{escape(status.id)}/throttle">'
        f'<label for="rps">{escape(say(Page.LIMIT))}</label><div class="inline">'
        f'<input id="rps" name="rps" type="number" min="0.01" step="any" inputmode="decimal" '
        f'value="{escape(rps)}" aria-describedby="rps-hint">'
        f'<button class="second">{escape(say(Page.SET))}</button></div>'
        f'<p class="quiet small" id="rps-hint">{escape(say(Page.LIMIT_HINT))}</p></form>'
    )


def _look_only(say: Say, status: MigrationStatus) -> str:
    if status.state.ended:
        return ""
    return f'<p class="quiet small">{escape(say(Page.LOOK_ONLY))}</p>'


def _button(say: Say, status: MigrationStatus, action: str, word: Bilingual, kind: str) -> str:
    return (
        f'<form method="post" action="/migrations/{escape(status.id)}/{action}">'
        f'<button class="{kind}">{escape(say(word))}</button></form>'
    )


def _speed(say: Say, status: MigrationStatus) -> str:
    chart = rate_chart(
        status.history,
        title=say(Page.CHART, most="{most}", mean="{mean}"),
        no_rate=say(Page.NO_CHART),
        figure=say.figure,
    )
    driver = ""
    if status.driver:
        who = status.driver.rsplit(":", 1)[0]
        driver = f'<p class="quiet small">{escape(say(Page.DRIVER, driver=who))}</p>'
    by = f" · {escape(status.by)}" if status.by else ""
    began = f'<p class="quiet small">{escape(say(Page.BEGAN))} {_clock(status.created_at)}{by}</p>'
    return f"<section><h2>{escape(say(Page.SPEED))}</h2>{chart}{began}{driver}</section>"


def _files(say: Say, status: MigrationStatus) -> str:
    links: tuple[tuple[str, Bilingual], ...] = (
        ("report.html", Page.DOWNLOAD_REPORT),
        ("report.csv", Page.DOWNLOAD_CSV),
        ("report.jsonl", Page.DOWNLOAD_JSONL),
        ("errors.csv", Page.DOWNLOAD_ERRORS),
        ("undo.csv", Upload.DOWNLOAD_UNDO),
    )
    items = "".join(f"<li>{link(status, name, say(word))}</li>" for name, word in links)
    return (
        f'<section><h2>{escape(say(Page.DOWNLOADS))}</h2><ul class="links">{items}</ul>'
        f'<p class="quiet small">{escape(say(Page.ELSEWHERE))}</p></section>'
    )


def _clock(at: datetime) -> str:
    text = at.strftime("%Y-%m-%d %H:%M")
    return text.removeprefix(datetime.now(UTC).strftime("%Y-%m-%d "))

"""Renders a command's page: its data, its history, what it waits for."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from producer.contract import CommandKind, State
from producer.explain.command import CommandStory, Moment
from producer.explain.waits import Wait
from producer.http.pages.site.parts import (
    clock,
    code,
    command_link,
    customer_link,
    pairs,
    prose,
    section,
    state,
    state_mark,
    table,
    tags,
    text,
    wait,
    who,
)
from producer.http.pages.texts.migrations import Page
from producer.http.pages.texts.overview import Live
from producer.http.pages.texts.runbook import todo_of_code, todo_of_state
from producer.http.pages.texts.say import Say
from producer.migrations.input.values.display_text import visible

# Characters shown of an envelope, which may contain a whole customer.
_MAX_SHOWN = 20_000


def body(say: Say, story: CommandStory) -> str:
    """The page's content."""
    shown = "".join(
        f'<div id="{name}" tabindex="-1">{html}</div>'
        for name, html in parts(say, story).items()
        if name != "say"
    )
    return (
        f'<h1 class="name">{escape(say(Live.COMMAND))} {code(story.summary.id)}</h1>'
        f'<p class="say" id="say" role="status" aria-live="polite"></p>{shown}'
        f'<footer class="quiet small">{escape(say(Page.TIMES))} '
        f"<noscript>{escape(say(Page.NO_SCRIPT))}</noscript></footer>"
    )


def event(say: Say, story: CommandStory) -> dict[str, Any]:
    """The event sent to the page when something has changed."""
    return {
        "title": title(say, story),
        "ended": ended(story),
        "parts": parts(say, story),
    }


def title(say: Say, story: CommandStory) -> str:
    """The browser tab's title."""
    return f"{state(say, story.summary.state)} · {visible(story.summary.id)}"


def ended(story: CommandStory) -> bool:
    """Whether nothing more happens without an operator."""
    return story.wait is Wait.NOTHING


def parts(say: Say, story: CommandStory) -> dict[str, str]:
    """HTML by element id."""
    return {
        "say": escape(state(say, story.summary.state)),
        "now": _now(say, story),
        "what": _what(say, story),
        "history": _history(say, story),
        "result": _result(say, story),
    }


def _now(say: Say, story: CommandStory) -> str:
    command = story.summary
    todo = todo_of_state(say, command.state)
    if command.state == State.FAILED:
        # The text has a placeholder for the command's id.
        todo = todo_of_code(say, command.code).replace("ID", command.id)
    now = f'<p class="now">{state_mark(say, command.state)}</p>'
    waits = ""
    if story.wait is not Wait.NOTHING:
        waits = wait(say, story.wait, command.lane)
        if story.wait is Wait.LANE and story.paused:
            waits += f" ({text(story.paused)})"
        if story.wait is Wait.KEY and story.key_code:
            waits += f" ({code(story.key_code)})"
        if story.wait is Wait.EARLIER and story.before:
            waits += f": {command_link(story.before)}"
    rows = [
        (say(Live.TODO), prose(todo)),
        (say(Live.WAITS_FOR), waits),
        (say(Live.NEXT_TRY), escape(clock(command.next_attempt_at))),
        (say(Live.CODE), code(command.code)),
        (say(Live.MESSAGE), text(command.message)),
        (
            say(Live.SUPERSEDED_BY),
            command_link(command.superseded_by) if command.superseded_by else "",
        ),
    ]
    attention = ' class="attention"' if command.state in (State.FAILED, State.UNKNOWN) else ""
    return f"<section{attention}>{now}{pairs(rows)}</section>"


def _what(say: Say, story: CommandStory) -> str:
    command = story.summary
    spent = command.command == CommandKind.ASSIGN_CARD and not command.card
    rows = [
        (say(Live.COMMAND), code(command.command)),
        (say(Live.CUSTOMER), customer_link(story.customer) if story.customer else ""),
        (say(Live.CARD), escape(say(Live.TOKEN_SPENT)) if spent else code(command.card)),
        (say(Live.SLOT), code(command.slot)),
        (say(Live.SENDER), who(say, command)),
        (say(Live.TAGS), tags(command.metadata)),
        (say(Live.LANE), code(command.lane)),
        (say(Live.ATTEMPTS), say.figure(command.attempts)),
    ]
    return section(say(Live.WHAT_IT_IS), pairs(rows))


def _history(say: Say, story: CommandStory) -> str:
    columns = [say(one) for one in (Live.WHEN, Live.WHAT, Live.CODE, Live.REQUEST)]
    rows = [
        (
            escape(one.at.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]),
            _moment(say, one),
            code(one.code),
            code(one.request),
        )
        for one in story.moments
    ]
    return section(say(Live.HISTORY), table(columns, rows))


def _moment(say: Say, moment: Moment) -> str:
    known = Live.__members__.get(f"MOMENT_{moment.what.upper()}")
    return escape(say(known)) if known else state_mark(say, moment.what)


def _result(say: Say, story: CommandStory) -> str:
    if story.result is None:
        return ""
    written = json.dumps(story.result, ensure_ascii=False, indent=2)[:_MAX_SHOWN]
    lines = "\n".join(visible(line) for line in written.split("\n"))
    return section(say(Live.ENVELOPE), f"<pre>{escape(lines)}</pre>")

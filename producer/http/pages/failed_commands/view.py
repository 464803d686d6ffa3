"""Renders the pages of failed commands: the list, the question before a replay, its outcome."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

from producer.contract import CommandKind
from producer.contract.card_data.redaction import redact
from producer.contract.failed_filters import POISON, FailedFilter
from producer.http.failed_commands.listing import MAX_SCANNED, FailedPage
from producer.http.failed_commands.parameters import MAX_REPLAYED, place_text
from producer.http.failed_commands.replay import ReplayResult
from producer.http.pages.site.parts import (
    code,
    command_link,
    customer_link,
    prose,
    state_mark,
    table,
    tags,
    text,
)
from producer.http.pages.texts.failed import Failed
from producer.http.pages.texts.migrations import Page
from producer.http.pages.texts.overview import Live
from producer.http.pages.texts.runbook import todo_of_code
from producer.http.pages.texts.say import Say
from producer.journal.operations.failed_commands import FailedCommand
from producer.migrations.input.values.display_text import visible

PATH = "/failed"
REPLAY_PATH = f"{PATH}/replay"


def list_url(parts: Mapping[str, str]) -> str:
    """URL of the list of the commands that match a filter; not escaped."""
    return f"{PATH}?{urlencode(parts)}" if parts else PATH


def replay_button(say: Say, parts: Mapping[str, str]) -> str:
    """A form that leads to the question whether to replay the commands that match a filter."""
    return (
        f'<form action="{REPLAY_PATH}" method="get">{_hidden(parts)}'
        f'<button class="second">{escape(say(Failed.REPLAY))}</button></form>'
    )


def title(say: Say, filters: FailedFilter) -> str:
    """For the heading and the browser's tab."""
    if not filters.code:
        return say(Failed.TITLE)
    return say(Failed.OF_CODE, code=visible(redact(filters.code)))


def list_body(say: Say, filters: FailedFilter, page: FailedPage, *, can_replay: bool) -> str:
    """The list, what to do about its code and, for those allowed, how to replay it."""
    what = f'<p class="quiet small">{escape(say(Failed.WHAT))}</p>'
    todo = f"<p>{prose(todo_of_code(say, filters.code))}</p>" if filters.code else ""
    return (
        f'<h1 class="big">{escape(title(say, filters))}</h1>{what}'
        f"<section>{_narrow(say, filters)}</section>"
        f"<section>{todo}{_rows(say, page)}{_further(say, filters, page)}"
        f"{_replay(say, filters, page, can_replay)}</section>{_footer(say)}"
    )


def question_body(say: Say, filters: FailedFilter, counted: ReplayResult) -> str:
    """How many would be replayed, and the button that does it."""
    parts = filters.parts()
    if not counted.matching:
        word, sure = say(Failed.NOT_ONE), ""
    else:
        count = say.figure(counted.matching)
        word = say(Failed.COUNTED_SOME if counted.next else Failed.COUNTED, count=count)
        most = min(counted.matching, MAX_REPLAYED)
        more = f"<p>{escape(say(Failed.AT_A_TIME, count=say.figure(MAX_REPLAYED)))}</p>"
        sure = (
            f'<p class="do">{escape(say(Failed.MEANS))}</p>'
            f"{more if counted.next or most < counted.matching else ''}"
            f'<form action="{REPLAY_PATH}" method="post">{_hidden(parts)}'
            f"<button>{escape(say(Failed.SURE, count=say.figure(most)))}</button></form>"
        )
    return (
        f'<h1 class="big">{escape(title(say, filters))}</h1><section class="attention">'
        f'<p class="now">{escape(word)}</p>{_filter(say, parts)}{_left_out(say, counted)}{sure}'
        f"<p>{_link(list_url(parts), say(Failed.BACK))}</p></section>"
    )


def outcome_body(say: Say, filters: FailedFilter, result: ReplayResult) -> str:
    """The outcome of a replay."""
    parts = filters.parts()
    replayed = say.figure(sum(result.states.values()))
    items = "".join(
        f'<li class="minor"><b>{say.figure(count)}</b> '
        f"{escape(say(Failed.GONE)) if name == 'gone' else state_mark(say, name)}</li>"
        for name, count in result.states.most_common()
    )
    as_ = f"<p>{escape(say(Failed.REPLAYED_AS))}</p>" if items else ""
    return (
        f'<h1 class="big">{escape(title(say, filters))}</h1><section>'
        f'<p class="now" role="status">{escape(say(Failed.REPLAYED, count=replayed))}</p>'
        f'{_filter(say, parts)}{as_}<ul class="wrong">{items}</ul>{_left_out(say, result)}'
        f"<p>{_link(list_url(parts), say(Failed.REST))}</p></section>"
    )


def _narrow(say: Say, filters: FailedFilter) -> str:
    kinds = f'<option value="">{escape(say(Failed.ANY))}</option>' + "".join(
        f"<option{' selected' if filters.command is kind else ''}>{kind.value}</option>"
        for kind in CommandKind
    )
    fields = (
        (say(Live.CODE), "code", _input("code", filters.code)),
        (say(Failed.KIND), "command", f'<select id="command" name="command">{kinds}</select>'),
        (say(Live.CUSTOMER), "customer", _input("customer", filters.customer)),
        (say(Failed.TAG), "tag", _input("tag", _pairs(filters))),
    )
    shown = "".join(
        f'<div><label for="{name}">{escape(label)}</label>{field}</div>'
        for label, name, field in fields
    )
    return (
        f'<form action="{PATH}" method="get" class="narrow">{shown}'
        f'<button class="second">{escape(say(Failed.NARROW))}</button></form>'
    )


def _pairs(filters: FailedFilter) -> str:
    encoded = {
        name: value.replace("%", "%25").replace(",", "%2C") for name, value in filters.tags.items()
    }
    return ", ".join(f"{name}={value}" for name, value in encoded.items())


def _input(name: str, value: str) -> str:
    return (
        f'<input id="{name}" name="{name}" value="{escape(value)}" autocomplete="off" '
        f'spellcheck="false" maxlength="255">'
    )


def _rows(say: Say, page: FailedPage) -> str:
    if not page.commands:
        if page.next:
            return f"<p>{escape(say(Failed.NOT_IN_THESE, count=say.figure(MAX_SCANNED)))}</p>"
        return f"<p>{escape(say(Failed.NO_MATCH))}</p>"
    words = (Live.COMMAND, Live.CUSTOMER, Failed.FAILED_AT, Live.CODE, Live.MESSAGE)
    return table([say(one) for one in words], [_row(one) for one in page.commands])


def _row(command: FailedCommand) -> tuple[str, ...]:
    error = text(redact(command.error))
    kind = f"<small>{escape(command.order.kind.value)} {tags(command.metadata)}</small>"
    return (
        f"{command_link(command.id)}{kind}",
        customer_link(command.order.customer),
        escape(f"{command.failed_at:%Y-%m-%d %H:%M:%S}"),
        code(redact(command.code)),
        f'<span class="small">{error}</span>' if error else "",
    )


def _further(say: Say, filters: FailedFilter, page: FailedPage) -> str:
    after = place_text(page.next)
    if after is None:
        return ""
    return f"<p>{_link(list_url({**filters.parts(), 'after': after}), say(Failed.FURTHER))}</p>"


def _replay(say: Say, filters: FailedFilter, page: FailedPage, can_replay: bool) -> str:
    if not page.commands or filters.code == POISON:
        return ""
    if not can_replay or not filters:
        word = Failed.NARROW_FIRST if can_replay else Failed.LOOK_ONLY
        return f'<p class="quiet small">{escape(say(word))}</p>'
    first = f'<p class="quiet small">{escape(say(Failed.REPLAY_FIRST))}</p>'
    return f'<div class="buttons">{replay_button(say, filters.parts())}</div>{first}'


def _filter(say: Say, parts: Mapping[str, str]) -> str:
    words = {"code": Live.CODE, "command": Failed.KIND, "customer": Live.CUSTOMER}
    filters = ", ".join(
        f"{escape(say(words[name]) if name in words else name)}: {code(redact(value))}"
        for name, value in parts.items()
    )
    return f"<p>{filters}</p>"


def _left_out(say: Say, result: ReplayResult) -> str:
    counts = (
        (result.poison, Failed.WITHOUT_POISON),
        (result.refused.total(), Failed.WITHOUT_UNSIGNED),
    )
    return "".join(
        f"<p>{prose(say(word, count=say.figure(count)))}</p>" for count, word in counts if count
    )


def _hidden(parts: Mapping[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in parts.items()
    )


def _link(url: str, words: str) -> str:
    return f'<a href="{escape(url)}">{escape(words)}</a>'


def _footer(say: Say) -> str:
    return f'<footer class="quiet small">{escape(say(Page.TIMES))}</footer>'

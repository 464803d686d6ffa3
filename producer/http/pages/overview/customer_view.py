"""Renders a customer's page: which card is charged, what set it, which commands wait."""

from __future__ import annotations

from html import escape

from producer.explain.customer import Explanation, Origin, SlotNow
from producer.http.pages.site.parts import (
    clock,
    code,
    command_link,
    prose,
    section,
    sentence,
    state_mark,
    table,
    text,
    wait,
    who,
)
from producer.http.pages.texts.migrations import Page
from producer.http.pages.texts.overview import Live
from producer.http.pages.texts.say import Say
from producer.journal.commands.stripe_events import ChangedBy, NotedEvent
from producer.journal.operations.customers import CommandSummary
from producer.migrations.input.values.display_text import visible


def body(say: Say, explanation: Explanation) -> str:
    """The page's content."""
    record = explanation.record
    return (
        f'<h1 class="name">{escape(say(Live.CUSTOMER))} {code(record.customer)}</h1>'
        f"{_now(say, explanation)}{_slots(say, explanation)}{_waiting(say, explanation)}"
        f"{_past(say, explanation)}{_events(say, explanation)}"
        f'<footer class="quiet small">{escape(say(Live.AS_OF, at=clock(record.at)))} '
        f"{escape(say(Page.TIMES))}</footer>"
    )


def title(say: Say, explanation: Explanation) -> str:
    """The browser tab's title."""
    return f"{visible(explanation.record.customer)} · {say(Page.CARDS)}"


def _now(say: Say, explanation: Explanation) -> str:
    if explanation.read is not None and explanation.read.code:
        now = sentence(say, Live.NOT_READ, code=code(explanation.read.code))
        return (
            f'<section class="attention"><p class="now">{now}</p>'
            f'<p class="do">{prose(say(Live.NOT_READ_DO))}</p></section>'
        )
    invoiced = explanation.invoiced
    now = escape(say(Live.NOT_CHARGED))
    if invoiced is not None and invoiced.card:
        now = sentence(say, Live.CHARGED, card=code(invoiced.card))
    return (
        f'<section><p class="now">{now}</p><p class="do">{prose(say(Live.OWN_DEFAULT))}</p>'
        "</section>"
    )


def _slots(say: Say, explanation: Explanation) -> str:
    columns = [say(one) for one in (Live.SLOT, Live.CARD, Live.WHY)]
    rows = [
        (code(one.slot.value), _card(say, one), f'<span class="why">{_why(say, one)}</span>')
        for one in explanation.slots
    ]
    return section(say(Live.SLOTS), table(columns, rows))


def _card(say: Say, slot: SlotNow) -> str:
    if slot.origin is Origin.NOT_READ:
        return "?"
    shown = code(slot.card or "") or escape(say(Live.EMPTY))
    if slot.invoiced:
        shown += f"<small>{escape(say(Live.INVOICED))}</small>"
    return shown


def _why(say: Say, slot: SlotNow) -> str:
    command = slot.command
    if command is None:
        return escape(say(Live.NOT_KNOWN)) if slot.origin is Origin.NOT_KNOWN else ""
    values = {
        "id": command_link(command.id),
        "who": who(say, command),
        "card": code(command.card),
        "when": escape(clock(command.finished_at)),
    }
    word = {
        Origin.COMMAND: Live.SET_BY,
        Origin.FIRST_CARD: Live.FIRST_CARD,
        Origin.ELSEWHERE: Live.ELSEWHERE,
    }.get(slot.origin, Live.LAST_SET)
    return sentence(say, word, **values)


def _waiting(say: Say, explanation: Explanation) -> str:
    rows = [
        (*_brief(say, command), wait(say, explanation.wait(at), command.lane))
        for at, command in enumerate(explanation.record.unended)
    ]
    if not rows:
        return section(say(Live.WILL_SET), f"<p>{escape(say(Live.NOTHING_WAITS))}</p>")
    last = say(Live.WAITS_FOR)
    return section(say(Live.WILL_SET), table([*_columns(say), last], rows))


def _past(say: Say, explanation: Explanation) -> str:
    rows = [
        (*_brief(say, command), _outcome(say, command), escape(clock(command.finished_at)))
        for command in explanation.record.ended
    ]
    if not rows:
        return section(say(Live.PAST), f"<p>{escape(say(Live.NOTHING_PAST))}</p>")
    more = [say(Live.CODE), say(Live.WHEN)]
    return section(say(Live.PAST), table([*_columns(say), *more], rows))


def _events(say: Say, explanation: Explanation) -> str:
    if not explanation.events:
        return ""
    columns = [say(one) for one in (Live.EVENT, Live.OBJECT, Live.CHANGED_BY, Live.WHEN)]
    rows = [
        (code(one.type), code(one.object), _changed_by(say, one), escape(clock(one.at)))
        for one in explanation.events
    ]
    return section(say(Live.EVENTS), table(columns, rows))


def _changed_by(say: Say, event: NotedEvent) -> str:
    if event.command_id:
        return command_link(event.command_id)
    word = Live.BY_MIGRATION if event.changed_by is ChangedBy.MIGRATION else Live.BY_OTHERS
    return escape(say(word))


def _columns(say: Say) -> list[str]:
    return [say(one) for one in (Live.COMMAND, Live.CARD, Live.STATE, Live.SENDER)]


def _brief(say: Say, command: CommandSummary) -> tuple[str, str, str, str]:
    name = f"{command_link(command.id)}<small>{text(command.command)}</small>"
    return name, code(command.card), state_mark(say, command.state), who(say, command)


def _outcome(say: Say, command: CommandSummary) -> str:
    if command.superseded_by:
        return f"{escape(say(Live.SUPERSEDED_BY))} {command_link(command.superseded_by)}"
    return code(command.code) if command.code else ""

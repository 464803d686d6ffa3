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
from producer.http.pages.texts.migrations import Word
from producer.http.pages.texts.overview import Told
from producer.http.pages.texts.say import Say
from producer.journal.commands.stripe_events import ChangedBy, NotedEvent
from producer.journal.operations.customers import Told as ToldCommand
from producer.migrations.input.values.display_text import visible


def body(say: Say, explanation: Explanation) -> str:
    """The page's content."""
    record = explanation.record
    return (
        f'<h1 class="name">{escape(say(Told.CUSTOMER))} {code(record.customer)}</h1>'
        f"{_now(say, explanation)}{_slots(say, explanation)}{_waiting(say, explanation)}"
        f"{_past(say, explanation)}{_events(say, explanation)}"
        f'<footer class="quiet small">{escape(say(Told.AS_OF, at=clock(record.at)))} '
        f"{escape(say(Word.TIMES))}</footer>"
    )


def title(say: Say, explanation: Explanation) -> str:
    """The browser tab's title."""
    return f"{visible(explanation.record.customer)} · {say(Word.CARDS)}"


def _now(say: Say, explanation: Explanation) -> str:
    if explanation.read is not None and explanation.read.code:
        now = sentence(say, Told.NOT_READ, code=code(explanation.read.code))
        return (
            f'<section class="attention"><p class="now">{now}</p>'
            f'<p class="do">{prose(say(Told.NOT_READ_DO))}</p></section>'
        )
    invoiced = explanation.invoiced
    now = escape(say(Told.NOT_CHARGED))
    if invoiced is not None and invoiced.card:
        now = sentence(say, Told.CHARGED, card=code(invoiced.card))
    return (
        f'<section><p class="now">{now}</p><p class="do">{prose(say(Told.OWN_DEFAULT))}</p>'
        "</section>"
    )


def _slots(say: Say, explanation: Explanation) -> str:
    columns = [say(one) for one in (Told.SLOT, Told.CARD, Told.WHY)]
    rows = [
        (code(one.slot.value), _card(say, one), f'<span class="why">{_why(say, one)}</span>')
        for one in explanation.slots
    ]
    return section(say(Told.SLOTS), table(columns, rows))


def _card(say: Say, slot: SlotNow) -> str:
    if slot.origin is Origin.NOT_READ:
        return "?"
    shown = code(slot.card or "") or escape(say(Told.EMPTY))
    if slot.invoiced:
        shown += f"<small>{escape(say(Told.INVOICED))}</small>"
    return shown


def _why(say: Say, slot: SlotNow) -> str:
    command = slot.command
    if command is None:
        return escape(say(Told.NOT_KNOWN)) if slot.origin is Origin.NOT_KNOWN else ""
    values = {
        "id": command_link(command.id),
        "who": who(say, command),
        "card": code(command.card),
        "when": escape(clock(command.finished_at)),
    }
    word = {
        Origin.COMMAND: Told.SET_BY,
        Origin.FIRST_CARD: Told.FIRST_CARD,
        Origin.ELSEWHERE: Told.ELSEWHERE,
    }.get(slot.origin, Told.LAST_SET)
    return sentence(say, word, **values)


def _waiting(say: Say, explanation: Explanation) -> str:
    rows = [
        (*_brief(say, command), wait(say, explanation.wait(at), command.lane))
        for at, command in enumerate(explanation.record.unended)
    ]
    if not rows:
        return section(say(Told.WILL_SET), f"<p>{escape(say(Told.NOTHING_WAITS))}</p>")
    last = say(Told.WAITS_FOR)
    return section(say(Told.WILL_SET), table([*_columns(say), last], rows))


def _past(say: Say, explanation: Explanation) -> str:
    rows = [
        (*_brief(say, command), _outcome(say, command), escape(clock(command.finished_at)))
        for command in explanation.record.ended
    ]
    if not rows:
        return section(say(Told.PAST), f"<p>{escape(say(Told.NOTHING_PAST))}</p>")
    more = [say(Told.CODE), say(Told.WHEN)]
    return section(say(Told.PAST), table([*_columns(say), *more], rows))


def _events(say: Say, explanation: Explanation) -> str:
    if not explanation.events:
        return ""
    columns = [say(one) for one in (Told.EVENT, Told.OBJECT, Told.CHANGED_BY, Told.WHEN)]
    rows = [
        (code(one.type), code(one.object), _changed_by(say, one), escape(clock(one.at)))
        for one in explanation.events
    ]
    return section(say(Told.EVENTS), table(columns, rows))


def _changed_by(say: Say, event: NotedEvent) -> str:
    if event.command_id:
        return command_link(event.command_id)
    word = Told.BY_MIGRATION if event.changed_by is ChangedBy.MIGRATION else Told.BY_OTHERS
    return escape(say(word))


def _columns(say: Say) -> list[str]:
    return [say(one) for one in (Told.COMMAND, Told.CARD, Told.STATE, Told.SENDER)]


def _brief(say: Say, command: ToldCommand) -> tuple[str, str, str, str]:
    name = f"{command_link(command.id)}<small>{text(command.command)}</small>"
    return name, code(command.card), state_mark(say, command.state), who(say, command)


def _outcome(say: Say, command: ToldCommand) -> str:
    if command.superseded_by:
        return f"{escape(say(Told.SUPERSEDED_BY))} {command_link(command.superseded_by)}"
    return code(command.code) if command.code else ""

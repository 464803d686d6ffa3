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
from producer.http.pages.texts.migrations import Say, Word
from producer.http.pages.texts.overview import Told
from producer.journal.commands.stripe_events import ChangedBy, NotedEvent
from producer.journal.operations.customers import Told as ToldCommand
from producer.migrations.input.values.display_text import visible


def body(say: Say, found: Explanation) -> str:
    """The page's content."""
    record = found.record
    return (
        f'<h1 class="name">{escape(say(Told.CUSTOMER))} {code(record.customer)}</h1>'
        f"{_now(say, found)}{_slots(say, found)}{_waiting(say, found)}{_past(say, found)}"
        f"{_events(say, found)}"
        f'<footer class="quiet small">{escape(say(Told.AS_OF, at=clock(record.at)))} '
        f"{escape(say(Word.TIMES))}</footer>"
    )


def title(say: Say, found: Explanation) -> str:
    """The browser tab's title."""
    return f"{visible(found.record.customer)} · {say(Word.CARDS)}"


def _now(say: Say, found: Explanation) -> str:
    if found.read is not None and found.read.code:
        now = sentence(say, Told.NOT_READ, code=code(found.read.code))
        return (
            f'<section class="attention"><p class="now">{now}</p>'
            f'<p class="do">{prose(say(Told.NOT_READ_DO))}</p></section>'
        )
    invoiced = found.invoiced
    now = escape(say(Told.NOT_CHARGED))
    if invoiced is not None and invoiced.card:
        now = sentence(say, Told.CHARGED, card=code(invoiced.card))
    return (
        f'<section><p class="now">{now}</p><p class="do">{prose(say(Told.OWN_DEFAULT))}</p>'
        "</section>"
    )


def _slots(say: Say, found: Explanation) -> str:
    columns = [say(one) for one in (Told.SLOT, Told.CARD, Told.WHY)]
    rows = [
        (code(one.slot.value), _card(say, one), f'<span class="why">{_why(say, one)}</span>')
        for one in found.slots
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
    one = slot.command
    if one is None:
        return escape(say(Told.NOT_KNOWN)) if slot.origin is Origin.NOT_KNOWN else ""
    values = {
        "id": command_link(one.id),
        "who": who(say, one),
        "card": code(one.card),
        "when": escape(clock(one.finished_at)),
    }
    word = {
        Origin.COMMAND: Told.SET_BY,
        Origin.FIRST_CARD: Told.FIRST_CARD,
        Origin.ELSEWHERE: Told.ELSEWHERE,
    }.get(slot.origin, Told.LAST_SET)
    return sentence(say, word, **values)


def _waiting(say: Say, found: Explanation) -> str:
    rows = [
        (*_brief(say, one), wait(say, found.wait(at), one.lane))
        for at, one in enumerate(found.record.unended)
    ]
    if not rows:
        return section(say(Told.WILL_SET), f"<p>{escape(say(Told.NOTHING_WAITS))}</p>")
    last = say(Told.WAITS_FOR)
    return section(say(Told.WILL_SET), table([*_columns(say), last], rows))


def _past(say: Say, found: Explanation) -> str:
    rows = [
        (*_brief(say, one), _outcome(say, one), escape(clock(one.finished_at)))
        for one in found.record.ended
    ]
    if not rows:
        return section(say(Told.PAST), f"<p>{escape(say(Told.NOTHING_PAST))}</p>")
    more = [say(Told.CODE), say(Told.WHEN)]
    return section(say(Told.PAST), table([*_columns(say), *more], rows))


def _events(say: Say, found: Explanation) -> str:
    if not found.events:
        return ""
    columns = [say(one) for one in (Told.EVENT, Told.OBJECT, Told.CHANGED_BY, Told.WHEN)]
    rows = [
        (code(one.type), code(one.object), _changed_by(say, one), escape(clock(one.at)))
        for one in found.events
    ]
    return section(say(Told.EVENTS), table(columns, rows))


def _changed_by(say: Say, one: NotedEvent) -> str:
    if one.command_id:
        return command_link(one.command_id)
    word = Told.BY_MIGRATION if one.changed_by is ChangedBy.MIGRATION else Told.BY_OTHERS
    return escape(say(word))


def _columns(say: Say) -> list[str]:
    return [say(one) for one in (Told.COMMAND, Told.CARD, Told.STATE, Told.SENDER)]


def _brief(say: Say, one: ToldCommand) -> tuple[str, str, str, str]:
    name = f"{command_link(one.id)}<small>{text(one.command)}</small>"
    return name, code(one.card), state_mark(say, one.state), who(say, one)


def _outcome(say: Say, one: ToldCommand) -> str:
    if one.superseded_by:
        return f"{escape(say(Told.SUPERSEDED_BY))} {command_link(one.superseded_by)}"
    return code(one.code) if one.code else ""

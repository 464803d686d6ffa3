"""HTML building blocks of several pages. They escape the text they are given."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

from producer.contract import State
from producer.explain.waits import Wait
from producer.http.pages.texts.overview import Live
from producer.http.pages.texts.say import Say
from producer.journal.operations.customers import CommandSummary
from producer.migrations.input.values.display_text import visible

_CODE = re.compile(r"`([^`]+)`")
_MIGRATION = re.compile(r"mig_[0-9a-f]{24}")


def text(value: str) -> str:
    """Foreign text, as HTML."""
    return escape(visible(value))


def prose(text: str) -> str:
    """Our text, escaped; parts in backticks become code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def section(title: str, inside: str, *, attention: bool = False) -> str:
    """A section with a heading. `inside` is HTML."""
    kind = ' class="attention"' if attention else ""
    return f"<section{kind}><h2>{escape(title)}</h2>{inside}</section>"


def facts(cells: Iterable[tuple[str, str, str]]) -> str:
    """Figures side by side: name, figure and remark, all text."""
    cells = list(cells)
    kind = " five" if len(cells) == 5 else ""
    shown = "".join(
        f'<div class="fact"><dt>{escape(name)}</dt><dd>{escape(figure)}'
        f"<small>{escape(more)}</small></dd></div>"
        for name, figure, more in cells
    )
    return f'<dl class="facts{kind}">{shown}</dl>'


def pairs(rows: Iterable[tuple[str, str]]) -> str:
    """Rows of a name (text) and a value (HTML); rows without a value are left out."""
    shown = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{html}</td></tr>'
        for name, html in rows
        if html
    )
    return f'<table class="pairs"><tbody>{shown}</tbody></table>'


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table whose first column names the row; cells are HTML. On narrow screens a list."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = ""
    for first, *rest in rows:
        cells = "".join(
            f'<td data-name="{escape(name)}">{html}</td>'
            for name, html in zip(columns[1:], rest, strict=True)
        )
        body += f'<tr><th scope="row" class="name">{first}</th>{cells}</tr>'
    return f'<table class="list plain"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def command_link(command_id: str) -> str:
    """A link to a command's page."""
    path = quote(command_id, safe="")
    return f'<a href="/commands/{path}"><code>{text(command_id)}</code></a>'


def customer_link(customer: str) -> str:
    """A link to a customer's page."""
    path = quote(customer, safe="")
    return f'<a href="/customers/{path}"><code>{text(customer)}</code></a>'


def migration_link(migration: str) -> str:
    """A link to a migration's page; plain text if the id is malformed."""
    if _MIGRATION.fullmatch(migration) is None:
        return f"<code>{text(migration)}</code>"
    return f'<a href="/migrations/{migration}"><code>{migration}</code></a>'


def code(value: str) -> str:
    """An id or a code, as HTML."""
    return f"<code>{text(value)}</code>" if value else ""


def tags(metadata: Mapping[str, str]) -> str:
    """A command's tags, as HTML."""
    return " ".join(code(f"{name}={value}") for name, value in metadata.items())


def state(say: Say, value: str) -> str:
    """A command's state, as text."""
    known = Live.__members__.get(f"STATE_{value.upper()}") if value in set(State) else None
    return say(known) if known else visible(value)


def state_mark(say: Say, value: str) -> str:
    """A command's state with its colour, as HTML."""
    known = value if value in set(State) else ""
    return f'<i class="dot s-{known}"></i>{escape(state(say, value))}'


def wait(say: Say, what: Wait, lane: str) -> str:
    """What a command waits for, as HTML."""
    return prose(say(Live[f"WAIT_{what.name}"], lane=visible(lane)))


def who(say: Say, command: CommandSummary) -> str:
    """A command's sender, as HTML."""
    if command.migration:
        return sentence(say, Live.OF_MIGRATION, id=migration_link(command.migration))
    return text(command.sender) if command.sender else f"({escape(say(Live.NO_SENDER))})"


def clock(at: datetime | None) -> str:
    """A time in UTC, without the date if it is today's; text."""
    if at is None:
        return ""
    written = at.strftime("%Y-%m-%d %H:%M:%S")
    return written.removeprefix(datetime.now(UTC).strftime("%Y-%m-%d "))


def sentence(say: Say, template: Live, **values: str) -> str:
    """One of our sentences, with its placeholders replaced by HTML."""
    # No shown text contains a NUL, so no value is mistaken for a placeholder.
    html = escape(say(template, **{name: f"\0{name}\0" for name in values}))
    for name, value in values.items():
        html = html.replace(f"\0{name}\0", value)
    return html

"""Renders the outcomes of a migration's rows, and what to do about the problems."""

from __future__ import annotations

from html import escape

from producer.http.pages.migrations.headline import not_applied
from producer.http.pages.site.parts import prose
from producer.http.pages.texts.migrations import Page
from producer.http.pages.texts.say import Say
from producer.migrations.input.values.display_text import visible
from producer.migrations.model.rows import SKIPPED_CODES
from producer.migrations.model.status import MigrationStatus
from producer.migrations.texts.codes import todo
from producer.migrations.texts.states import SHOWN

# Codes that require no action.
_MINOR = frozenset(
    {"repeated_row", "not_default", "unchanged", "superseded", "cancelled", *SKIPPED_CODES}
)


def wrong(say: Say, status: MigrationStatus) -> str:
    """Each code with its number of rows, and what to do about it."""
    known = {c: n for c, n in status.codes.items() if n and c != "repeated_row"}
    if not known and not not_applied(status):
        if not status.state.ended:
            return ""
        return (
            f"<section><h2>{escape(say(Page.WHAT_WRONG))}</h2>"
            f"<p>{escape(say(Page.NOTHING_WRONG))}</p></section>"
        )
    items = ""
    for code, count in sorted(known.items(), key=lambda one: (one[0] in _MINOR, -one[1])):
        minor = ' class="minor"' if code in _MINOR else ""
        items += (
            f"<li{minor}><b>{escape(_rows(say, count))}</b>: <code>{escape(visible(code))}</code>"
            f"<p>{prose(_sentence(todo(code, say.language)))}</p></li>"
        )
    links = {
        "report": link(status, "report.html", say(Page.REPORT)),
        "errors": link(status, "errors.csv", "errors.csv"),
    }
    which = escape(say(Page.WHICH_ROWS, report="{report}", errors="{errors}")).format(**links)
    return (
        f"<section><h2>{escape(say(Page.WHAT_WRONG))}</h2>"
        f'<ul class="wrong">{items}</ul><p class="quiet small">{which}</p></section>'
    )


def outcomes(say: Say, status: MigrationStatus) -> str:
    """The rows by state, with their sum."""
    rows = ""
    for state in SHOWN:
        if count := status.counts.get(state, 0):
            name, meaning = say.row(state)
            rows += (
                f'<tr><th scope="row"><i class="dot {state.word}"></i>{escape(name)}'
                f'<small class="narrow-only">{escape(meaning)}</small></th>'
                f'<td class="n">{say.figure(count)}</td>'
                f'<td class="n">{escape(say.share(count, status.rows))}</td>'
                f'<td class="quiet wide-only">{escape(meaning)}</td></tr>'
            )
    head = "".join(
        f'<th scope="col" class="{kind}">{escape(say(word))}</th>'
        for word, kind in (
            (Page.STATE, ""),
            (Page.ROWS, "n"),
            (Page.SHARE, "n"),
            (Page.MEANING, "wide-only"),
        )
    )
    return (
        f"<section><h2>{escape(say(Page.WHAT_HAPPENED))}</h2>"
        f'<table class="states"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody><tfoot><tr>'
        f'<th scope="row">{escape(say(Page.TOGETHER))}</th>'
        f'<td class="n">{say.figure(status.rows)}</td><td class="n"></td>'
        f'<td class="quiet wide-only">{escape(say(Page.EVERY_ROW))}</td></tr></tfoot></table>'
        "</section>"
    )


def link(status: MigrationStatus, name: str, text: str) -> str:
    """A link to one of the migration's files."""
    return f'<a href="/migrations/{escape(status.id)}/{name}">{escape(text)}</a>'


def _rows(say: Say, count: int) -> str:
    return say(Page.ROW_WITH) if count == 1 else say(Page.ROWS_WITH, count=say.figure(count))


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."

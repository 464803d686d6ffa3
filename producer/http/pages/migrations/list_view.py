"""Renders the page that lists migrations."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape

from producer.http.pages.migrations.headline import not_applied
from producer.http.pages.migrations.migration_view import bar
from producer.http.pages.texts.migrations import Page
from producer.http.pages.texts.say import Say
from producer.migrations.errors import JournalLost
from producer.migrations.input.values.display_text import visible
from producer.migrations.model.status import MigrationState, MigrationStatus

_GETTING_STARTED = """cards migrate plan cards.csv
cards migrate run cards.csv --limit 100

curl --data-binary @cards.csv '{base}/api/migrations?name=cards.csv'"""
# `request.base_url` of an admitted `Host`; it contains nothing that a shell would interpret.
_BASE = re.compile(r"https?://[A-Za-z0-9.:\[\]_-]+")


def body(
    say: Say,
    found: Sequence[MigrationStatus],
    driven_here: Callable[[str], bool] = lambda _: False,
    lost: Sequence[JournalLost] = (),
    *,
    base: str,
    upload: str = "",
) -> str:
    """The page's content.

    `driven_here` says whether this web process drives, or will drive, a migration. `lost` are
    migrations of this machine whose journal was lost. `base` is the URL under which the page was
    requested. `upload` is the upload form, as HTML, for callers who may upload.
    """
    head = f'<h1 class="big">{escape(say(Page.MIGRATIONS))}</h1>'
    if not found:
        commands = _GETTING_STARTED.format(
            base=base if _BASE.fullmatch(base) else "http://HOST:PORT"
        )
        inside = (
            f"<section><p>{escape(say(Page.NONE_YET))}</p><pre>{escape(commands)}</pre></section>"
        )
    else:
        names = (Page.FILE, Page.STATE, Page.PROGRESS, Page.LEFT, Page.PROBLEMS, Page.BEGAN)
        columns = "".join(f'<th scope="col">{escape(say(word))}</th>' for word in names)
        rows = "".join(_row(say, one, driven_here(one.id)) for one in found)
        inside = (
            f'<section><table class="list"><thead><tr>{columns}</tr></thead>'
            f"<tbody>{rows}</tbody></table></section>"
        )
    times = f'<footer class="quiet small">{escape(say(Page.TIMES))} '
    no_script = Page.NO_SCRIPT_FORM if upload else Page.NO_SCRIPT
    times += f"<noscript>{escape(say(no_script))}</noscript></footer>"
    losses = "".join(_lost(say, loss) for loss in lost)
    return f'{head}{upload}<div id="list">{losses}{inside}</div>{times}'


def _lost(say: Say, loss: JournalLost) -> str:
    notice = escape(say(Page.LOST_HERE, rows=say.figure(loss.recorded), id="\0"))
    link = f'<a href="/migrations/{escape(loss.migration)}">{escape(loss.migration)}</a>'
    return f'<p class="notice" role="alert">{notice.replace(chr(0), link)}</p>'


def _row(say: Say, status: MigrationStatus, driven_here: bool) -> str:
    state = say.state(status.state)
    if status.state is MigrationState.PAUSED and status.untouched:
        state = say(Page.READY)
    elif status.state is MigrationState.RUNNING and not (status.driver or driven_here):
        state = say(Page.NO_DRIVER)
    of = say(Page.OF, part=say.figure(status.ended_rows), whole=say.figure(status.rows))
    left = "–" if status.eta_s is None else say.span(status.eta_s)
    share = say.share(status.ended_rows, status.rows)
    cells = (
        (Page.STATE, escape(state)),
        (Page.PROGRESS, f"{escape(share)} <small>{escape(of)}</small>{bar(say, status)}"),
        (Page.LEFT, escape(left)),
        (Page.PROBLEMS, say.figure(not_applied(status))),
        (Page.BEGAN, status.created_at.strftime("%Y-%m-%d %H:%M")),
    )
    row = "".join(f'<td data-name="{escape(say(word))}">{html}</td>' for word, html in cells)
    link = f'<a href="/migrations/{escape(status.id)}">{escape(visible(status.name))}</a>'
    return f'<tr><th scope="row" class="name">{link}</th>{row}</tr>'

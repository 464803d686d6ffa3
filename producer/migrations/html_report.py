"""The report to look at: one HTML file that needs neither network nor JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from html import escape

from producer.migrations.codes import todo
from producer.migrations.html_policy import report_policy
from producer.migrations.html_style import STYLE
from producer.migrations.rate_chart import rate_chart
from producer.migrations.report_row import ReportRow
from producer.migrations.row_ends import SHADOWED
from producer.migrations.rows import RowState
from producer.migrations.status import MigrationStatus
from producer.migrations.summary import Summary
from producer.migrations.visible import visible

MEANINGS = {
    RowState.APPLIED: "Stripe did it",
    RowState.ALREADY_SO: "it was so before; nothing was changed",
    RowState.SUPERSEDED: "a newer command for the same customer stands; nothing was changed",
    RowState.DRIFTED: "the customer was no longer as the file believed; nothing was changed",
    RowState.REJECTED: "Stripe said no; nothing was changed",
    RowState.INVALID: "the row itself is wrong; it was not sent",
    RowState.SKIPPED: "it is about no card, so there was nothing to send",
    RowState.CANCELLED: "the migration was cancelled before the row was sent",
    RowState.FAILED: "given up; a person is to look at it",
    RowState.UNKNOWN: "sent, and not known yet whether Stripe did it; it is being found out",
    RowState.PENDING: "not sent yet",
    RowState.SENT: "sent, and not recorded yet how it ended",
}
_WAIT = "it is looked up at Stripe by itself: report again later"
_STEPS = (
    (
        "not ended",
        (RowState.PENDING, RowState.SENT),
        "wait for the rest, or `cards migrate resume` it",
    ),
    ("unknown", (RowState.UNKNOWN,), _WAIT),
    (
        "failed",
        (RowState.FAILED,),
        "see them with `cards failed list`, take them up again with `cards failed replay`",
    ),
    (
        "rejected or invalid",
        (RowState.REJECTED, RowState.INVALID),
        "see below by code; correct them in `errors.csv`, then plan and run that file",
    ),
    ("drifted", (RowState.DRIFTED,), "someone else changed them: decide which should stand"),
)
_CODE = re.compile(r"`([^`]+)`")
_BAR = 1000
_DONE = (RowState.APPLIED, RowState.ALREADY_SO)
# Whose codes are listed as what went wrong.
_PROBLEMS = (
    RowState.FAILED,
    RowState.UNKNOWN,
    RowState.REJECTED,
    RowState.INVALID,
    RowState.DRIFTED,
    RowState.SUPERSEDED,
    RowState.CANCELLED,
    RowState.SKIPPED,
)


def html_report(status: MigrationStatus, summary: Summary) -> str:
    """The page: totals, the rate over time, and by code examples and what to do next.

    Whatever comes from the file or from Stripe is escaped; tokens were redacted before.
    """
    title = f"{visible(status.name)}: migration report"
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{report_policy()}">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>",
            *_head(status),
            *_totals(status, summary),
            *_next(summary),
            f"<section><h2>Speed</h2>{rate_chart(status.history)}</section>",
            *_notes(summary),
            *_problems(summary),
            '<footer class="quiet small">All times are UTC. Tokens are shown by their prefix. The '
            "rows themselves are in the CSV or JSON Lines report.</footer>\n</body>\n</html>\n",
        ]
    )


def _head(status: MigrationStatus) -> Iterator[str]:
    state = escape(status.state.value)
    yield f'<header><h1>{_shown(status.name)} <span class="pill">{state}</span></h1>'
    when = f"began {_moment(status.created_at)}"
    if status.finished_at is not None:
        took = _span((status.finished_at - status.created_at).total_seconds())
        when += f", ended {_moment(status.finished_at)}, after {took}"
    yield f'<p class="quiet"><code>{escape(status.id)}</code>, {when}</p></header>'


def _totals(status: MigrationStatus, summary: Summary) -> Iterator[str]:
    counts = {state: count for state in MEANINGS if (count := summary.counts.get(state, 0))}
    yield f'<section><p class="headline">{_headline(status, summary)}</p>'
    yield _bar(counts, summary.rows)
    yield '<table class="states"><thead><tr><th>state</th><th class="n">rows</th>'
    yield '<th class="n">share</th><th class="means">meaning</th></tr></thead><tbody>'
    for state, count in counts.items():
        yield (
            f'<tr><td class="state"><i class="dot {state.word}"></i>'
            f'{_words(state)}</td><td class="n">{count:,}</td>'
            f'<td class="n">{_share(count, summary.rows)}</td>'
            f'<td class="means quiet">{escape(MEANINGS[state])}</td></tr>'
        )
    yield (
        f'</tbody><tfoot><tr><td>together</td><td class="n">{summary.rows:,}</td>'
        '<td class="n"></td><td class="means">every row of the input, once</td></tr></tfoot>'
        "</table></section>"
    )


def _bar(counts: Mapping[RowState, int], rows: int) -> str:
    at, rects = 0.0, ""
    for state, count in counts.items():
        wide = max(_BAR * count / rows, _BAR / 300)
        rects += f'<rect class="{state.word}" x="{at:.1f}" width="{wide:.1f}" height="20">'
        rects += f"<title>{_words(state)}: {count:,}</title></rect>"
        at += wide
    return (
        f'<svg class="bar" viewBox="0 0 {max(at, 1):.1f} 20" preserveAspectRatio="none" '
        f'aria-hidden="true">{rects}</svg>'
    )


def _headline(status: MigrationStatus, summary: Summary) -> str:
    done = sum(summary.counts.get(state, 0) for state in _DONE)
    open_ = sum(summary.counts.get(s, 0) for s in (RowState.PENDING, RowState.SENT))
    skipped = summary.counts.get(RowState.SKIPPED, 0)
    rest = summary.rows - done - open_ - skipped
    if not summary.rows:
        return "The file has no rows."
    if not open_ and not rest and not skipped:
        return f"All {summary.rows:,} rows are as the file says."
    said = f"{done:,} of {summary.rows:,} rows are as the file says."
    if skipped:
        said += f" {skipped:,} had nothing to send."
    if rest:
        said += f" {rest:,} {'is' if rest == 1 else 'are'} not."
    if open_:
        said += f" {open_:,} {'has' if open_ == 1 else 'have'} not ended yet"
        said += "." if status.state.ended else f": the migration is {escape(status.state.value)}."
    return said


def _next(summary: Summary) -> Iterator[str]:
    items = ""
    for what, states, step in _STEPS:
        if count := sum(summary.counts.get(state, 0) for state in states):
            items += f"<li><b>{count:,} {what}</b>: {_prose(step)}</li>"
    if items:
        yield f"<section><h2>What to do next</h2><ol>{items}</ol></section>"


def _notes(summary: Summary) -> Iterator[str]:
    """Rows that are as the file says, while another card is charged."""
    found = [
        (state, count) for state in _DONE if (count := summary.codes.get(state, {}).get(SHADOWED))
    ]
    if not found:
        return
    yield "<section><h2>Rows whose default is not the one that is charged</h2>"
    for state, count in found:
        yield _of_code(summary, state, SHADOWED, count)
    yield "</section>"


def _problems(summary: Summary) -> Iterator[str]:
    found = [
        (state, code, count)
        for state in _PROBLEMS
        for code, count in summary.codes.get(state, {}).items()
    ]
    if not found:
        return
    yield "<section><h2>Rows that were not applied, by code</h2>"
    for state, code, count in found:
        yield _of_code(summary, state, code, count)
    yield "</section>"


def _of_code(summary: Summary, state: RowState, code: str, count: int) -> str:
    return (
        f'<div class="why {state.word}">'
        f'<h3><span class="count">{count:,}</span> {_words(state)}: '
        f"<code>{_shown(code)}</code></h3>"
        f'<p class="todo"><b>What to do:</b> {_prose(_todo(state, code))}</p>'
        f"{_examples(summary.examples.get((state, code), ()), count)}</div>"
    )


def _examples(rows: Sequence[ReportRow], count: int) -> str:
    if not rows:
        return ""
    names = ("line", "customer", "card or token", "message")
    head = "".join(f"<th>{name}</th>" for name in names)
    body = ""
    for row in rows:
        cells = (f"{row.line:,}", row.customer, row.object_id, row.values()[7])
        body += "<tr>"
        for name, cell in zip(names, cells, strict=True):
            body += f'<td data-name="{name}">{_shown(str(cell))}</td>'
        body += "</tr>"
    which = "the row" if count == 1 else f"the first {len(rows)}" if count > len(rows) else "all"
    return (
        f"<details open><summary>{which}</summary>"
        f'<div class="rows"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></details>"
    )


def _todo(state: RowState, code: str) -> str:
    return _WAIT if state is RowState.UNKNOWN else todo(code)


def _prose(text: str) -> str:
    """Escaped, what stands in backticks as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _shown(text: str) -> str:
    return escape(visible(text))


def _words(state: RowState) -> str:
    return state.word.replace("_", " ")


def _share(count: int, rows: int) -> str:
    share = 100 * count / rows
    if share > 99.9 and count < rows:
        return "over 99.9 %"
    return f"{share:.1f} %" if share >= 0.1 else "under 0.1 %"


def _moment(at: datetime) -> str:
    return f"{at:%d %B %Y %H:%M:%S}"


def _span(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"

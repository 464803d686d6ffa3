"""The report to look at: one HTML file that needs neither network nor JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from producer.contract.messages import Language
from producer.migrations.input.values.display_text import visible
from producer.migrations.model.report_row import ReportRow
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationStatus
from producer.migrations.report.html_policy import report_policy
from producer.migrations.report.html_style import STYLE
from producer.migrations.report.rate_chart import rate_chart
from producer.migrations.report.summary import Summary
from producer.migrations.report.texts import Told, Words
from producer.migrations.results.row_ends import SHADOWED
from producer.migrations.texts.row_states import SHOWN
from producer.migrations.texts.row_texts import todo_in

_STEPS = (
    (Told.NOT_ENDED, (RowState.PENDING, RowState.SENT), Told.NOT_ENDED_DO),
    (Told.UNKNOWN, (RowState.UNKNOWN,), Told.UNKNOWN_DO),
    (Told.FAILED, (RowState.FAILED,), Told.FAILED_DO),
    (Told.REFUSED, (RowState.REJECTED, RowState.INVALID), Told.REFUSED_DO),
    (Told.AMBIGUOUS, (RowState.AMBIGUOUS,), Told.AMBIGUOUS_DO),
    (Told.DRIFTED, (RowState.DRIFTED,), Told.DRIFTED_DO),
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
    RowState.AMBIGUOUS,
    RowState.DRIFTED,
    RowState.SUPERSEDED,
    RowState.CANCELLED,
    RowState.SKIPPED,
)


def html_report(status: MigrationStatus, summary: Summary, language: Language = "en") -> str:
    """The page: totals, the rate over time, and by code examples and what to do next.

    Whatever comes from the file or from Stripe is escaped; tokens were redacted before.
    """
    words = Words(language)
    title = words(Told.TITLE, name=visible(status.name))
    chart = rate_chart(
        status.history,
        title=words(Told.CHART, most="{most}", mean="{mean}"),
        no_rate=words(Told.NO_CHART),
        figure=words.figure,
    )
    return "\n".join(
        [
            f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{report_policy()}">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>",
            *_head(words, status),
            *_totals(words, status, summary),
            *_next(words, summary),
            f"<section><h2>{escape(words(Told.SPEED))}</h2>{chart}</section>",
            *_notes(words, summary),
            *_problems(words, summary),
            f'<footer class="quiet small">{escape(words(Told.FOOTER))}</footer>\n'
            "</body>\n</html>\n",
        ]
    )


def _head(words: Words, status: MigrationStatus) -> Iterator[str]:
    state = escape(words.migration(status.state))
    yield f'<header><h1>{_shown(status.name)} <span class="pill">{state}</span></h1>'
    when = words(Told.BEGAN, at=words.moment(status.created_at))
    if status.finished_at is not None:
        span = _span(words, (status.finished_at - status.created_at).total_seconds())
        when += words(Told.ENDED, at=words.moment(status.finished_at), span=span)
    yield f'<p class="quiet"><code>{escape(status.id)}</code>, {escape(when)}</p></header>'


def _totals(words: Words, status: MigrationStatus, summary: Summary) -> Iterator[str]:
    counts = {state: count for state in SHOWN if (count := summary.counts.get(state, 0))}
    yield f'<section><p class="headline">{escape(_headline(words, status, summary))}</p>'
    yield _bar(words, counts, summary.rows)
    names = (
        ("", Told.STATE),
        (' class="n"', Told.ROWS),
        (' class="n"', Told.SHARE),
        (' class="means"', Told.MEANING),
    )
    head = "".join(f"<th{kind}>{escape(words(name))}</th>" for kind, name in names)
    yield f'<table class="states"><thead><tr>{head}</tr></thead><tbody>'
    for state, count in counts.items():
        yield (
            f'<tr><td class="state"><i class="dot {state.word}"></i>'
            f'{escape(words.state(state))}</td><td class="n">{words.figure(count)}</td>'
            f'<td class="n">{escape(_share(words, count, summary.rows))}</td>'
            f'<td class="means quiet">{escape(words.meaning(state))}</td></tr>'
        )
    yield (
        f"</tbody><tfoot><tr><td>{escape(words(Told.TOGETHER))}</td>"
        f'<td class="n">{words.figure(summary.rows)}</td>'
        f'<td class="n"></td><td class="means">{escape(words(Told.EVERY_ROW))}</td></tr></tfoot>'
        "</table></section>"
    )


def _bar(words: Words, counts: Mapping[RowState, int], rows: int) -> str:
    at, rects = 0.0, ""
    for state, count in counts.items():
        wide = max(_BAR * count / rows, _BAR / 300)
        rects += f'<rect class="{state.word}" x="{at:.1f}" width="{wide:.1f}" height="20">'
        rects += f"<title>{escape(words.state(state))}: {words.figure(count)}</title></rect>"
        at += wide
    return (
        f'<svg class="bar" viewBox="0 0 {max(at, 1):.1f} 20" preserveAspectRatio="none" '
        f'aria-hidden="true">{rects}</svg>'
    )


def _headline(words: Words, status: MigrationStatus, summary: Summary) -> str:
    done = sum(summary.counts.get(state, 0) for state in _DONE)
    open_ = sum(summary.counts.get(s, 0) for s in (RowState.PENDING, RowState.SENT))
    skipped = summary.counts.get(RowState.SKIPPED, 0)
    rest, rows = summary.rows - done - open_ - skipped, words.figure(summary.rows)
    if not summary.rows:
        return words(Told.NO_ROWS)
    if not open_ and not rest and not skipped:
        return words(Told.ALL_DONE, rows=rows)
    said = words(Told.SOME_DONE, done=words.figure(done), rows=rows)
    if skipped:
        said += words(Told.NOTHING_TO_SEND, skipped=words.figure(skipped))
    if rest:
        some = Told.ONE_NOT if rest == 1 else Told.SOME_NOT
        said += words(some, rest=words.figure(rest))
    if open_:
        said += words(Told.ONE_OPEN if open_ == 1 else Told.SOME_OPEN, open=words.figure(open_))
        state = words(Told.MIGRATION_IS, state=words.migration(status.state))
        said += "." if status.state.ended else state
    return said


def _next(words: Words, summary: Summary) -> Iterator[str]:
    items = ""
    for what, states, step in _STEPS:
        if count := sum(summary.counts.get(state, 0) for state in states):
            told = f"{words.figure(count)} {escape(words(what))}"
            items += f"<li><b>{told}</b>: {_prose(words(step))}</li>"
    if items:
        yield f"<section><h2>{escape(words(Told.NEXT))}</h2><ol>{items}</ol></section>"


def _notes(words: Words, summary: Summary) -> Iterator[str]:
    """Rows that are as the file says, while another card is charged."""
    found = [
        (state, count) for state in _DONE if (count := summary.codes.get(state, {}).get(SHADOWED))
    ]
    if not found:
        return
    yield f"<section><h2>{escape(words(Told.SHADOWED))}</h2>"
    for state, count in found:
        yield _of_code(words, summary, state, SHADOWED, count)
    yield "</section>"


def _problems(words: Words, summary: Summary) -> Iterator[str]:
    found = [
        (state, code, count)
        for state in _PROBLEMS
        for code, count in summary.codes.get(state, {}).items()
    ]
    if not found:
        return
    yield f"<section><h2>{escape(words(Told.NOT_APPLIED))}</h2>"
    for state, code, count in found:
        yield _of_code(words, summary, state, code, count)
    yield "</section>"


def _of_code(words: Words, summary: Summary, state: RowState, code: str, count: int) -> str:
    examples = _examples(words, summary.examples.get((state, code), ()), count)
    return (
        f'<div class="why {state.word}">'
        f'<h3><span class="count">{words.figure(count)}</span> {escape(words.state(state))}: '
        f"<code>{_shown(code)}</code></h3>"
        f'<p class="todo"><b>{escape(words(Told.WHAT_TO_DO))}</b> '
        f"{_prose(_todo(words, state, code))}</p>{examples}</div>"
    )


def _examples(words: Words, rows: Sequence[ReportRow], count: int) -> str:
    if not rows:
        return ""
    names = [words(one) for one in (Told.LINE, Told.CUSTOMER, Told.CARD, Told.MESSAGE)]
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = ""
    for row in rows:
        cells = (words.figure(row.line), row.customer, row.object_id, row.values()[7])
        body += "<tr>"
        for name, cell in zip(names, cells, strict=True):
            body += f'<td data-name="{escape(name)}">{_shown(str(cell))}</td>'
        body += "</tr>"
    which = words(Told.ALL)
    if count == 1:
        which = words(Told.THE_ROW)
    elif count > len(rows):
        which = words(Told.THE_FIRST, count=str(len(rows)))
    return (
        f"<details open><summary>{escape(which)}</summary>"
        f'<div class="rows"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></details>"
    )


def _todo(words: Words, state: RowState, code: str) -> str:
    if state is RowState.UNKNOWN:
        return words(Told.UNKNOWN_DO)
    return todo_in(code, words.language)


def _prose(text: str) -> str:
    """Escaped, what stands in backticks as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _shown(text: str) -> str:
    return escape(visible(text))


def _share(words: Words, count: int, rows: int) -> str:
    share = 100 * count / rows
    if share > 99.9 and count < rows:
        return words(Told.OVER, share=f"{words.figure(99.9, 1)} %")
    if share < 0.1:
        return words(Told.UNDER, share=f"{words.figure(0.1, 1)} %")
    return f"{words.figure(share, 1)} %"


def _span(words: Words, seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{words.figure(hours)} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"

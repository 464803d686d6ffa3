"""The HTML report: one file that needs neither network nor JavaScript."""

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
from producer.migrations.report.texts import Text, Texts
from producer.migrations.results.row_ends import SHADOWED
from producer.migrations.texts.row_states import SHOWN
from producer.migrations.texts.row_texts import todo_in

_STEPS = (
    (Text.NOT_ENDED, (RowState.PENDING, RowState.SENT), Text.NOT_ENDED_DO),
    (Text.UNKNOWN, (RowState.UNKNOWN,), Text.UNKNOWN_DO),
    (Text.FAILED, (RowState.FAILED,), Text.FAILED_DO),
    (Text.REFUSED, (RowState.REJECTED, RowState.INVALID), Text.REFUSED_DO),
    (Text.AMBIGUOUS, (RowState.AMBIGUOUS,), Text.AMBIGUOUS_DO),
    (Text.DRIFTED, (RowState.DRIFTED,), Text.DRIFTED_DO),
)
_CODE = re.compile(r"`([^`]+)`")
_BAR = 1000
_DONE = (RowState.APPLIED, RowState.ALREADY_SO)
# States whose codes are listed as problems.
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
    """The page: totals, the rate over time, and for each code examples and what to do next.

    Values from the file or Stripe are escaped; tokens were redacted before.
    """
    texts = Texts(language)
    title = texts(Text.TITLE, name=visible(status.name))
    chart = rate_chart(
        status.history,
        title=texts(Text.CHART, most="{most}", mean="{mean}"),
        no_rate=texts(Text.NO_CHART),
        figure=texts.figure,
    )
    return "\n".join(
        [
            f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{report_policy()}">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>",
            *_head(texts, status),
            *_totals(texts, status, summary),
            *_next(texts, summary),
            f"<section><h2>{escape(texts(Text.SPEED))}</h2>{chart}</section>",
            *_notes(texts, summary),
            *_problems(texts, summary),
            f'<footer class="quiet small">{escape(texts(Text.FOOTER))}</footer>\n'
            "</body>\n</html>\n",
        ]
    )


def _head(texts: Texts, status: MigrationStatus) -> Iterator[str]:
    state = escape(texts.migration(status.state))
    yield f'<header><h1>{_visible(status.name)} <span class="pill">{state}</span></h1>'
    when = texts(Text.BEGAN, at=texts.moment(status.created_at))
    if status.finished_at is not None:
        span = _span(texts, (status.finished_at - status.created_at).total_seconds())
        when += texts(Text.ENDED, at=texts.moment(status.finished_at), span=span)
    yield f'<p class="quiet"><code>{escape(status.id)}</code>, {escape(when)}</p></header>'


def _totals(texts: Texts, status: MigrationStatus, summary: Summary) -> Iterator[str]:
    counts = {state: count for state in SHOWN if (count := summary.counts.get(state, 0))}
    yield f'<section><p class="headline">{escape(_headline(texts, status, summary))}</p>'
    yield _bar(texts, counts, summary.rows)
    names = (
        ("", Text.STATE),
        (' class="n"', Text.ROWS),
        (' class="n"', Text.SHARE),
        (' class="means"', Text.MEANING),
    )
    head = "".join(f"<th{kind}>{escape(texts(name))}</th>" for kind, name in names)
    yield f'<table class="states"><thead><tr>{head}</tr></thead><tbody>'
    for state, count in counts.items():
        yield (
            f'<tr><td class="state"><i class="dot {state.word}"></i>'
            f'{escape(texts.state(state))}</td><td class="n">{texts.figure(count)}</td>'
            f'<td class="n">{escape(_share(texts, count, summary.rows))}</td>'
            f'<td class="means quiet">{escape(texts.meaning(state))}</td></tr>'
        )
    yield (
        f"</tbody><tfoot><tr><td>{escape(texts(Text.TOGETHER))}</td>"
        f'<td class="n">{texts.figure(summary.rows)}</td>'
        f'<td class="n"></td><td class="means">{escape(texts(Text.EVERY_ROW))}</td></tr></tfoot>'
        "</table></section>"
    )


def _bar(texts: Texts, counts: Mapping[RowState, int], rows: int) -> str:
    at, rects = 0.0, ""
    for state, count in counts.items():
        wide = max(_BAR * count / rows, _BAR / 300)
        rects += f'<rect class="{state.word}" x="{at:.1f}" width="{wide:.1f}" height="20">'
        rects += f"<title>{escape(texts.state(state))}: {texts.figure(count)}</title></rect>"
        at += wide
    return (
        f'<svg class="bar" viewBox="0 0 {max(at, 1):.1f} 20" preserveAspectRatio="none" '
        f'aria-hidden="true">{rects}</svg>'
    )


def _headline(texts: Texts, status: MigrationStatus, summary: Summary) -> str:
    done = sum(summary.counts.get(state, 0) for state in _DONE)
    open_ = sum(summary.counts.get(s, 0) for s in (RowState.PENDING, RowState.SENT))
    skipped = summary.counts.get(RowState.SKIPPED, 0)
    rest, rows = summary.rows - done - open_ - skipped, texts.figure(summary.rows)
    if not summary.rows:
        return texts(Text.NO_ROWS)
    if not open_ and not rest and not skipped:
        return texts(Text.ALL_DONE, rows=rows)
    headline = texts(Text.SOME_DONE, done=texts.figure(done), rows=rows)
    if skipped:
        headline += texts(Text.NOTHING_TO_SEND, skipped=texts.figure(skipped))
    if rest:
        some = Text.ONE_NOT if rest == 1 else Text.SOME_NOT
        headline += texts(some, rest=texts.figure(rest))
    if open_:
        headline += texts(Text.ONE_OPEN if open_ == 1 else Text.SOME_OPEN, open=texts.figure(open_))
        state = texts(Text.MIGRATION_IS, state=texts.migration(status.state))
        headline += "." if status.state.ended else state
    return headline


def _next(texts: Texts, summary: Summary) -> Iterator[str]:
    items = ""
    for what, states, step in _STEPS:
        if count := sum(summary.counts.get(state, 0) for state in states):
            subject = f"{texts.figure(count)} {escape(texts(what))}"
            items += f"<li><b>{subject}</b>: {_prose(texts(step))}</li>"
    if items:
        yield f"<section><h2>{escape(texts(Text.NEXT))}</h2><ol>{items}</ol></section>"


def _notes(texts: Texts, summary: Summary) -> Iterator[str]:
    """Applied and unchanged rows whose default is shadowed by another card."""
    found = [
        (state, count) for state in _DONE if (count := summary.codes.get(state, {}).get(SHADOWED))
    ]
    if not found:
        return
    yield f"<section><h2>{escape(texts(Text.SHADOWED))}</h2>"
    for state, count in found:
        yield _of_code(texts, summary, state, SHADOWED, count)
    yield "</section>"


def _problems(texts: Texts, summary: Summary) -> Iterator[str]:
    found = [
        (state, code, count)
        for state in _PROBLEMS
        for code, count in summary.codes.get(state, {}).items()
    ]
    if not found:
        return
    yield f"<section><h2>{escape(texts(Text.NOT_APPLIED))}</h2>"
    for state, code, count in found:
        yield _of_code(texts, summary, state, code, count)
    yield "</section>"


def _of_code(texts: Texts, summary: Summary, state: RowState, code: str, count: int) -> str:
    examples = _examples(texts, summary.examples.get((state, code), ()), count)
    return (
        f'<div class="why {state.word}">'
        f'<h3><span class="count">{texts.figure(count)}</span> {escape(texts.state(state))}: '
        f"<code>{_visible(code)}</code></h3>"
        f'<p class="todo"><b>{escape(texts(Text.WHAT_TO_DO))}</b> '
        f"{_prose(_todo(texts, state, code))}</p>{examples}</div>"
    )


def _examples(texts: Texts, rows: Sequence[ReportRow], count: int) -> str:
    if not rows:
        return ""
    names = [texts(one) for one in (Text.LINE, Text.CUSTOMER, Text.CARD, Text.MESSAGE)]
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = ""
    for row in rows:
        cells = (texts.figure(row.line), row.customer, row.object_id, row.values()[7])
        body += "<tr>"
        for name, cell in zip(names, cells, strict=True):
            body += f'<td data-name="{escape(name)}">{_visible(str(cell))}</td>'
        body += "</tr>"
    which = texts(Text.ALL)
    if count == 1:
        which = texts(Text.THE_ROW)
    elif count > len(rows):
        which = texts(Text.THE_FIRST, count=str(len(rows)))
    return (
        f"<details open><summary>{escape(which)}</summary>"
        f'<div class="rows"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></details>"
    )


def _todo(texts: Texts, state: RowState, code: str) -> str:
    if state is RowState.UNKNOWN:
        return texts(Text.UNKNOWN_DO)
    return todo_in(code, texts.language)


def _prose(text: str) -> str:
    """Escaped text, with parts in backticks as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _visible(text: str) -> str:
    return escape(visible(text))


def _share(texts: Texts, count: int, rows: int) -> str:
    share = 100 * count / rows
    if share > 99.9 and count < rows:
        return texts(Text.OVER, share=f"{texts.figure(99.9, 1)} %")
    if share < 0.1:
        return texts(Text.UNDER, share=f"{texts.figure(0.1, 1)} %")
    return f"{texts.figure(share, 1)} %"


def _span(texts: Texts, seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{texts.figure(hours)} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"

"""The HTML report: one file that needs neither network nor JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from html import escape

from producer.contract.texts import Language
from producer.migrations.input.values.display_text import visible
from producer.migrations.model.report_row import ReportRow
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationStatus
from producer.migrations.report.html_policy import report_policy
from producer.migrations.report.html_style import STYLE
from producer.migrations.report.rate_chart import rate_chart
from producer.migrations.report.summary import Summary
from producer.migrations.report.texts import ReportSay, ReportText
from producer.migrations.results.row_ends import SHADOWED
from producer.migrations.texts.codes import todo
from producer.migrations.texts.states import SHOWN

_STEPS = (
    (ReportText.NOT_ENDED, (RowState.PENDING, RowState.SENT), ReportText.NOT_ENDED_DO),
    (ReportText.UNKNOWN, (RowState.UNKNOWN,), ReportText.UNKNOWN_DO),
    (ReportText.FAILED, (RowState.FAILED,), ReportText.FAILED_DO),
    (ReportText.REFUSED, (RowState.REJECTED, RowState.INVALID), ReportText.REFUSED_DO),
    (ReportText.AMBIGUOUS, (RowState.AMBIGUOUS,), ReportText.AMBIGUOUS_DO),
    (ReportText.DRIFTED, (RowState.DRIFTED,), ReportText.DRIFTED_DO),
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
    say = ReportSay(language)
    title = say(ReportText.TITLE, name=visible(status.name))
    chart = rate_chart(
        status.history,
        title=say(ReportText.CHART, most="{most}", mean="{mean}"),
        no_rate=say(ReportText.NO_CHART),
        figure=say.figure,
    )
    return "\n".join(
        [
            f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta http-equiv="Content-Security-Policy" content="{report_policy()}">',
            '<meta name="referrer" content="no-referrer">',
            f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>",
            *_head(say, status),
            *_totals(say, status, summary),
            *_next(say, summary),
            f"<section><h2>{escape(say(ReportText.SPEED))}</h2>{chart}</section>",
            *_notes(say, summary),
            *_problems(say, summary),
            f'<footer class="quiet small">{escape(say(ReportText.FOOTER))}</footer>\n'
            "</body>\n</html>\n",
        ]
    )


def _head(say: ReportSay, status: MigrationStatus) -> Iterator[str]:
    state = escape(say.migration(status.state))
    yield f'<header><h1>{_visible(status.name)} <span class="pill">{state}</span></h1>'
    when = say(ReportText.BEGAN, at=say.moment(status.created_at))
    if status.finished_at is not None:
        span = _span(say, (status.finished_at - status.created_at).total_seconds())
        when += say(ReportText.ENDED, at=say.moment(status.finished_at), span=span)
    yield f'<p class="quiet"><code>{escape(status.id)}</code>, {escape(when)}</p></header>'


def _totals(say: ReportSay, status: MigrationStatus, summary: Summary) -> Iterator[str]:
    counts = {state: count for state in SHOWN if (count := summary.counts.get(state, 0))}
    yield f'<section><p class="headline">{escape(_headline(say, status, summary))}</p>'
    yield _bar(say, counts, summary.rows)
    names = (
        ("", ReportText.STATE),
        (' class="n"', ReportText.ROWS),
        (' class="n"', ReportText.SHARE),
        (' class="means"', ReportText.MEANING),
    )
    head = "".join(f"<th{kind}>{escape(say(name))}</th>" for kind, name in names)
    yield f'<table class="states"><thead><tr>{head}</tr></thead><tbody>'
    for state, count in counts.items():
        yield (
            f'<tr><td class="state"><i class="dot {state.word}"></i>'
            f'{escape(say.state(state))}</td><td class="n">{say.figure(count)}</td>'
            f'<td class="n">{escape(_share(say, count, summary.rows))}</td>'
            f'<td class="means quiet">{escape(say.meaning(state))}</td></tr>'
        )
    yield (
        f"</tbody><tfoot><tr><td>{escape(say(ReportText.TOGETHER))}</td>"
        f'<td class="n">{say.figure(summary.rows)}</td>'
        f'<td class="n"></td><td class="means">{escape(say(ReportText.EVERY_ROW))}</td></tr>'
        "</tfoot></table></section>"
    )


def _bar(say: ReportSay, counts: Mapping[RowState, int], rows: int) -> str:
    at, rects = 0.0, ""
    for state, count in counts.items():
        wide = max(_BAR * count / rows, _BAR / 300)
        rects += f'<rect class="{state.word}" x="{at:.1f}" width="{wide:.1f}" height="20">'
        rects += f"<title>{escape(say.state(state))}: {say.figure(count)}</title></rect>"
        at += wide
    return (
        f'<svg class="bar" viewBox="0 0 {max(at, 1):.1f} 20" preserveAspectRatio="none" '
        f'aria-hidden="true">{rects}</svg>'
    )


def _headline(say: ReportSay, status: MigrationStatus, summary: Summary) -> str:
    done = sum(summary.counts.get(state, 0) for state in _DONE)
    open_ = sum(summary.counts.get(s, 0) for s in (RowState.PENDING, RowState.SENT))
    skipped = summary.counts.get(RowState.SKIPPED, 0)
    rest, rows = summary.rows - done - open_ - skipped, say.figure(summary.rows)
    if not summary.rows:
        return say(ReportText.NO_ROWS)
    if not open_ and not rest and not skipped:
        return say(ReportText.ALL_DONE, rows=rows)
    headline = say(ReportText.SOME_DONE, done=say.figure(done), rows=rows)
    if skipped:
        headline += say(ReportText.NOTHING_TO_SEND, skipped=say.figure(skipped))
    if rest:
        some = ReportText.ONE_NOT if rest == 1 else ReportText.SOME_NOT
        headline += say(some, rest=say.figure(rest))
    if open_:
        headline += say(
            ReportText.ONE_OPEN if open_ == 1 else ReportText.SOME_OPEN, open=say.figure(open_)
        )
        state = say(ReportText.MIGRATION_IS, state=say.migration(status.state))
        headline += "." if status.state.ended else state
    return headline


def _next(say: ReportSay, summary: Summary) -> Iterator[str]:
    items = ""
    for what, states, step in _STEPS:
        if count := sum(summary.counts.get(state, 0) for state in states):
            subject = f"{say.figure(count)} {escape(say(what))}"
            items += f"<li><b>{subject}</b>: {_prose(say(step))}</li>"
    if items:
        yield f"<section><h2>{escape(say(ReportText.NEXT))}</h2><ol>{items}</ol></section>"


def _notes(say: ReportSay, summary: Summary) -> Iterator[str]:
    """Applied and unchanged rows whose default is shadowed by another card."""
    found = [
        (state, count) for state in _DONE if (count := summary.codes.get(state, {}).get(SHADOWED))
    ]
    if not found:
        return
    yield f"<section><h2>{escape(say(ReportText.SHADOWED))}</h2>"
    for state, count in found:
        yield _of_code(say, summary, state, SHADOWED, count)
    yield "</section>"


def _problems(say: ReportSay, summary: Summary) -> Iterator[str]:
    found = [
        (state, code, count)
        for state in _PROBLEMS
        for code, count in summary.codes.get(state, {}).items()
    ]
    if not found:
        return
    yield f"<section><h2>{escape(say(ReportText.NOT_APPLIED))}</h2>"
    for state, code, count in found:
        yield _of_code(say, summary, state, code, count)
    yield "</section>"


def _of_code(say: ReportSay, summary: Summary, state: RowState, code: str, count: int) -> str:
    examples = _examples(say, summary.examples.get((state, code), ()), count)
    return (
        f'<div class="why {state.word}">'
        f'<h3><span class="count">{say.figure(count)}</span> {escape(say.state(state))}: '
        f"<code>{_visible(code)}</code></h3>"
        f'<p class="todo"><b>{escape(say(ReportText.WHAT_TO_DO))}</b> '
        f"{_prose(_todo(say, state, code))}</p>{examples}</div>"
    )


def _examples(say: ReportSay, rows: Sequence[ReportRow], count: int) -> str:
    if not rows:
        return ""
    names = [
        say(one)
        for one in (ReportText.LINE, ReportText.CUSTOMER, ReportText.CARD, ReportText.MESSAGE)
    ]
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = ""
    for row in rows:
        cells = (say.figure(row.line), row.customer, row.object_id, row.values()[7])
        body += "<tr>"
        for name, cell in zip(names, cells, strict=True):
            body += f'<td data-name="{escape(name)}">{_visible(str(cell))}</td>'
        body += "</tr>"
    which = say(ReportText.ALL)
    if count == 1:
        which = say(ReportText.THE_ROW)
    elif count > len(rows):
        which = say(ReportText.THE_FIRST, count=str(len(rows)))
    return (
        f"<details open><summary>{escape(which)}</summary>"
        f'<div class="rows"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></details>"
    )


def _todo(say: ReportSay, state: RowState, code: str) -> str:
    if state is RowState.UNKNOWN:
        return say(ReportText.UNKNOWN_DO)
    return todo(code, say.language)


def _prose(text: str) -> str:
    """Escaped text, with parts in backticks as code."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _visible(text: str) -> str:
    return escape(visible(text))


def _share(say: ReportSay, count: int, rows: int) -> str:
    share = 100 * count / rows
    if share > 99.9 and count < rows:
        return say(ReportText.OVER, share=f"{say.figure(99.9, 1)} %")
    if share < 0.1:
        return say(ReportText.UNDER, share=f"{say.figure(0.1, 1)} %")
    return f"{say.figure(share, 1)} %"


def _span(say: ReportSay, seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{say.figure(hours)} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"

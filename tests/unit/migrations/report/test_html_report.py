"""The HTML report describes the migration, and runs nothing from the file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from producer.migrations.input.values.display_text import visible
from producer.migrations.model.report_row import ReportRow
from producer.migrations.model.rows import RowResult, RowState
from producer.migrations.model.status import MigrationState, MigrationStatus, Sample
from producer.migrations.report.html_report import html_report
from producer.migrations.report.rate_chart import rate_chart, rates
from producer.migrations.report.summary import Summary
from producer.migrations.report.texts import ReportSay

AT = datetime(2026, 11, 25, tzinfo=UTC)
EVIL = "<script>alert(1)</script>\"'><img src=x>"
VOID = {"meta", "path", "img", "br"}
BACKWARDS = "annexe\u202efdp.exe"


class _Page(HTMLParser):
    """Checks that opened tags are closed, and collects tags and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str | None] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value for name, value in attrs if name in ("src", "href", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def _page(html: str) -> _Page:
    page = _Page()
    page.feed(html)
    assert page.open == []
    return page


def _status(counts: dict[RowState, int], **more: object) -> MigrationStatus:
    fields = {
        "id": "mig_1",
        "name": "cards.csv",
        "state": MigrationState.FINISHED,
        "rows": sum(counts.values()),
        "counts": counts,
        "created_at": AT,
        **more,
    }
    return MigrationStatus(**fields)  # type: ignore[arg-type]


def test_nothing_of_the_file_becomes_markup() -> None:
    """File name, code, customer and message are escaped, and tokens are cut."""
    row = ReportRow(2, EVIL, EVIL, EVIL, RowResult(1, RowState.REJECTED, EVIL, EVIL + " tok_abc"))
    counts = {RowState.REJECTED: 1}
    codes, examples = {RowState.REJECTED: {EVIL: 1}}, {(RowState.REJECTED, EVIL): [row]}
    html = html_report(_status(counts, name=EVIL), Summary(1, counts, codes, examples))
    page = _page(html)
    assert not {"script", "img", "link", "iframe"} & page.tags
    assert page.links == []
    assert page.text.count(EVIL) >= 5
    assert "http" not in html.replace("http-equiv", "")
    assert "tok_abc" not in html
    assert "style=" not in html  # its policy names the style element, by digest


def test_invisible_characters_are_spelled_out() -> None:
    """No name or message changes text direction, hides, breaks its line or floods."""
    row = ReportRow(
        2, "", BACKWARDS, "", RowResult(1, RowState.REJECTED, "x", "a\0b\u2028c\ud800d")
    )
    counts = {RowState.REJECTED: 1}
    codes, examples = {RowState.REJECTED: {"x": 1}}, {(RowState.REJECTED, "x"): [row]}
    html = html_report(_status(counts, name=BACKWARDS), Summary(1, counts, codes, examples))
    assert not {"\u202e", "\0", "\u2028", "\ud800"} & set(html)
    text = _page(html).text
    assert text.count("annexe\\u202efdp.exe") == 3
    assert "a\\x00b\\u2028c\\ud800d" in text
    assert visible("x" * 301) == "x" * 300 + "…"
    assert visible("Tarjeta rechazada: “ñandú” 東京\xa0🂡") == "Tarjeta rechazada: “ñandú” 東京\xa0🂡"


@pytest.mark.parametrize("state", list(RowState))
def test_every_state_has_a_meaning(state: RowState) -> None:
    """Only states that occur are in the table, with their meanings."""
    html = html_report(_status({state: 3}), Summary(3, {state: 3}))
    assert ReportSay("en").meaning(state) in _page(html).text
    assert html.count('class="means quiet"') == 1


def test_it_starts_with_a_summary() -> None:
    """One sentence before any table says what is done, what is not, and what is still open."""
    done = {RowState.APPLIED: 9}
    some = {RowState.APPLIED: 7, RowState.ALREADY_SO: 1, RowState.REJECTED: 1, RowState.PENDING: 1}
    running = _status(some, state=MigrationState.RUNNING)
    assert "All 9 rows are as the file says." in html_report(_status(done), Summary(9, done))
    assert (
        "8 of 10 rows are as the file says. 1 is not. 1 has not ended yet: the migration is running"
    ) in html_report(running, Summary(10, some))
    assert "no rows" in html_report(_status({}), Summary(0, {}))


def test_the_rate_is_drawn_from_the_samples() -> None:
    """Rates between samples are averaged if there are many; a pause is zero."""
    ended = [0, 100, 100, 400]
    history = [Sample(AT + timedelta(seconds=10 * n), e) for n, e in enumerate(ended)]
    assert [step.rate for step in rates(history)] == [10, 0, 30]
    long = [Sample(AT + timedelta(seconds=n), 5 * n) for n in range(10_001)]
    steps = rates(long)
    assert len(steps) <= 121
    assert {round(step.rate, 6) for step in steps} == {5}
    assert steps[-1].end == long[-1].at


@pytest.mark.parametrize("count", [0, 1, 2, 500])
def test_any_history_can_be_drawn(count: int) -> None:
    """No, one, two or many samples, also all at the same time."""
    for step in (timedelta(0), timedelta(hours=1)):
        history = [Sample(AT + step * n, n) for n in range(count)]
        drawn = rate_chart(history)
        _page(drawn)
        assert ("<svg" in drawn) == (count > 1 and step > timedelta(0))


def test_the_report_in_spanish() -> None:
    """Sentences, numbers, dates and advice are in Spanish."""
    counts = {RowState.APPLIED: 1_999, RowState.REJECTED: 1}
    codes = {RowState.REJECTED: {"card_declined": 1}}
    row = ReportRow(7, "SetDefaultCard", "cus_1", "card_1", RowResult(6, RowState.REJECTED))
    examples = {(RowState.REJECTED, "card_declined"): [row]}
    html = html_report(_status(counts), Summary(2_000, counts, codes, examples), "es")
    text = _page(html).text
    assert '<html lang="es">' in html
    assert "1.999 de 2.000 filas están como dice el archivo. 1 no lo está." in text
    assert "25 noviembre 2026" in text
    assert "pida otra tarjeta al cliente" in text
    assert "más del 99,9 %" in text

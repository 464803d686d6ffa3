"""The HTML report in a real Chromium: one file, any width, light and dark mode."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from producer.contract import SetDefaultCard
from producer.migrations.model.report_row import ReportRow
from producer.migrations.model.rows import Row, RowResult, RowState
from producer.migrations.model.status import MigrationState, MigrationStatus, Sample
from producer.migrations.report.html_report import html_report
from producer.migrations.report.summary import Tally
from tests.browser.tab import Tab

pytestmark = pytest.mark.browser

_BEGAN = datetime(2026, 11, 25, 9, tzinfo=UTC)
_ENDS = (
    [(RowState.APPLIED, "", "")] * 812
    + [(RowState.ALREADY_SO, "", "")] * 120
    + [(RowState.DRIFTED, "drifted", "the customer's default is another card")] * 7
    + [(RowState.REJECTED, "resource_missing", "No such source: 'card_" + "x" * 60 + "'")] * 11
    + [(RowState.FAILED, "rate_limit", "Too many requests")] * 2
)


@pytest.fixture
def report(tmp_path: Path) -> str:
    """The URL of a report with every kind of outcome, and long words."""
    summing = Tally()
    for number, (state, code, message) in enumerate(_ENDS, 1):
        order = SetDefaultCard(customer=f"cus_{number}x", card=f"card_{number}x")
        result = RowResult(number, state, code, message)
        summing.add(ReportRow.of(Row(number, number + 1, order), result))
    summary = summing.summary(len(_ENDS))
    status = MigrationStatus(
        id="mig_1904af896b1a135bb79a5ca3",
        name="cards-of-the-old-account-as-exported-on-the-24th-of-november.csv",
        state=MigrationState.FINISHED,
        rows=len(_ENDS),
        counts=dict(summary.counts),
        created_at=_BEGAN,
        finished_at=_BEGAN + timedelta(minutes=10),
        history=[Sample(_BEGAN + timedelta(seconds=6 * n), int(9.52 * n)) for n in range(101)],
    )
    path = tmp_path / "report.html"
    path.write_text(html_report(status, summary), encoding="utf-8")
    return path.as_uri()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_it_fits_and_loads_nothing(
    tab: Tab, report: str, width: int, dark: bool, tmp_path: Path
) -> None:
    """Nothing is wider than the screen, loaded from a network, or an error in the console."""
    await tab.view(width, dark=dark)
    await tab.open(report)
    await tab.screenshot(tmp_path / "report.png")
    assert await tab.value("document.documentElement.scrollWidth") <= width
    assert tab.requests == [report]
    assert tab.errors == []
    light = await tab.value("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, light.strip("rgb()").split(","))) < 384) is dark


async def test_it_reads_the_same_without_javascript(tab: Tab, report: str) -> None:
    """The counts and codes are visible without scripts."""
    await tab.javascript(False)
    await tab.open(report)
    text = await tab.text()
    for wanted in ("812", "120", "resource_missing", "drifted", "rate_limit"):
        assert wanted in text

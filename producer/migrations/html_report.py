"""The report to look at: one HTML file that needs neither network nor JavaScript."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from producer.migrations.rows import RowResult
from producer.migrations.status import MigrationStatus
from producer.migrations.summary import Summary


def html_report(
    status: MigrationStatus,
    summary: Summary,
    examples: Mapping[str, Sequence[RowResult]],
) -> str:
    """The page: totals, the rate over time, and by code examples and what to do next."""
    raise NotImplementedError

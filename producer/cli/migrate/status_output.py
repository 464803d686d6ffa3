"""How a migration's status is shown."""

from __future__ import annotations

from typing import Any

import click

from producer.cli.migrate.plan_output import span
from producer.cli.output import Line, show
from producer.contract.card_data.redaction import redact
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationState, MigrationStatus
from producer.migrations.report.summary import Summary
from producer.migrations.texts.codes import todo


def counts_text(status: MigrationStatus) -> str:
    """Counts of rows by state; states without rows are left out."""
    counts = [(state, status.counts[state]) for state in RowState if status.counts.get(state)]
    words = (f"{count:,} {state.word.replace('_', ' ')}" for state, count in counts)
    return ", ".join(words) or "no rows"


def status_lines(status: MigrationStatus) -> list[Line]:
    """A migration's status, for people."""
    counts: list[Line] = [
        (state.word.replace("_", " "), f"{status.counts[state]:,}")
        for state in RowState
        if status.counts.get(state)
    ]
    codes = sorted(status.codes.items(), key=lambda pair: -pair[1])
    return [
        ("id", status.id),
        ("file", status.name),
        ("state", status.state.value),
        *([("entered by", status.by)] if status.by else []),
        ("driver", status.driver or "no driver is running"),
        ("created", status.created_at),
        ("finished", status.finished_at),
        ("rows", f"{status.rows:,}"),
        *counts,
        ("rate", f"{status.rate:,.1f} rows/s" if status.rate else None),
        ("left", span(status.eta_s) if status.eta_s is not None else None),
        ("throttle", f"{status.rps:g} rows/s" if status.rps is not None else None),
        *(("code" if place == 0 else " ", f"{n:,} {c}") for place, (c, n) in enumerate(codes)),
    ]


def present(status: MigrationStatus, summary: Summary) -> None:
    """A report for people: the sums, and what to do about each code."""
    show(
        [
            ("id", status.id),
            ("file", status.name),
            ("state", status.state.value),
            ("finished", status.finished_at),
            *(
                (s.word.replace("_", " "), f"{n:,}")
                for s in RowState
                if (n := summary.counts.get(s))
            ),
            ("rows", f"{summary.rows:,}"),
        ]
    )
    for state, codes in summary.codes.items():
        for code, count in codes.items():
            if code == "repeated_row":
                continue
            click.echo(f"\n{count:,} {state.word} ({code}): {todo(code)}")
            for row in summary.examples.get((state, code), ()):
                text = row.result.message or row.object_id
                click.echo(redact(f"    line {row.line:,} {row.customer} {text}".rstrip()))


def list_line(status: MigrationStatus) -> str:
    """A migration in one line."""
    done = f"{status.ended_rows:,}/{status.rows:,}"
    when = f"{status.created_at:%Y-%m-%d %H:%M}"
    idle = status.state is MigrationState.RUNNING and status.driver is None
    driven = "  (no driver is running)" if idle else ""
    return f"{status.id}  {status.state.value:<10}  {done:>19}  {when}  {status.name}{driven}"


def status_json(status: MigrationStatus) -> dict[str, Any]:
    """A migration's status as JSON, as in the HTTP API."""
    return status.wire()

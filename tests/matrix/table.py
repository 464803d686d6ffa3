"""The final table, and the exit code."""

from __future__ import annotations

from collections.abc import Sequence

from tests.matrix.runs import Outcome, Verdict


def table(outcomes: Sequence[Outcome]) -> str:
    """A line for each cell, and one with counts."""
    rows = [(one.cell.name, one.verdict.value, one.ran_on, one.detail) for one in outcomes]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(3)]
    lines = []
    for row in rows:
        padded = [f"{text:<{width}}" for text, width in zip(row[:3], widths, strict=True)]
        lines.append("  ".join([*padded, row[3]]).rstrip())
    counts = {verdict: sum(one.verdict is verdict for one in outcomes) for verdict in Verdict}
    lines.append(", ".join(f"{count} {verdict.value}" for verdict, count in counts.items()))
    return "\n".join(lines)


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """1 if a cell failed, or if none of them could run."""
    verdicts = {one.verdict for one in outcomes}
    return int(Verdict.FAILED in verdicts or Verdict.PASSED not in verdicts)

"""Counts of a migration's outcomes, which must add up exactly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from producer.migrations.errors import Counted, SumsDiffer
from producer.migrations.model.report_row import ReportRow
from producer.migrations.model.rows import RowState
from producer.migrations.texts.reasons import Reason

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts by state, and by state and code, with the first rows of each code.

    Raises:
        SumsDiffer: the counts do not add up to the rows, or a state's codes exceed its count.
    """

    rows: int
    counts: Mapping[RowState, int]
    codes: Mapping[RowState, Mapping[str, int]] = field(default_factory=dict)
    examples: Mapping[tuple[RowState, str], Sequence[ReportRow]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        by_state: dict[Counted, int] = {
            (state.word,): count for state, count in self.counts.items() if count
        }
        counted = sum(self.counts.values())
        if counted != self.rows:
            raise SumsDiffer(self.rows, counted, by_state)
        for state, codes in self.codes.items():
            if sum(codes.values()) > self.counts.get(state, 0):
                by_code: dict[Counted, int] = {(code,): count for code, count in codes.items()}
                raise SumsDiffer(self.counts.get(state, 0), sum(codes.values()), by_code)

    def wire(self) -> dict[str, Any]:
        """For JSON, with every state."""
        return {
            "rows": self.rows,
            "counts": {state.word: self.counts.get(state, 0) for state in RowState},
            "codes": {state.word: dict(codes) for state, codes in self.codes.items() if codes},
        }


class Tally:
    """Counts rows while they are written."""

    def __init__(self) -> None:
        self._counts: Counter[RowState] = Counter()
        self._codes: dict[RowState, Counter[str]] = {}
        self._examples: dict[tuple[RowState, str], list[ReportRow]] = {}

    def add(self, row: ReportRow) -> None:
        """Count a row."""
        state, code = row.result.state, row.result.code
        self._counts[state] += 1
        if not code:
            return
        self._codes.setdefault(state, Counter())[code] += 1
        of_code = self._examples.setdefault((state, code), [])
        if len(of_code) < EXAMPLES:
            of_code.append(row)

    def summary(self, rows: int, counts: Mapping[RowState, int] | None = None) -> Summary:
        """The counts, checked against the ledger's rows and, where given, its counts.

        Raises:
            SumsDiffer: the counts differ.
        """
        if counts is not None and +Counter(counts) != +self._counts:
            both: dict[Counted, int] = {
                (s.word, Reason.IN_THE_LEDGER): n for s, n in sorted(counts.items()) if n
            }
            both |= {(s.word, Reason.IN_THE_REPORT): n for s, n in sorted(self._counts.items())}
            raise SumsDiffer(sum(counts.values()), self._counts.total(), both)
        codes = {state: dict(found.most_common()) for state, found in self._codes.items()}
        return Summary(rows, dict(self._counts), codes, self._examples)

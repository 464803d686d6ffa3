"""How the rows of a migration ended, adding up exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from producer.migrations.errors import SumsDiffer
from producer.migrations.rows import RowState


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts by state, every state named, and by state and code where there is one.

    Raises:
        SumsDiffer: the counts do not add up to the rows, or a state's codes to more than its count.
    """

    rows: int
    counts: Mapping[RowState, int]
    codes: Mapping[RowState, Mapping[str, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        told = {state.word: count for state, count in self.counts.items() if count}
        counted = sum(self.counts.values())
        if counted != self.rows:
            raise SumsDiffer(self.rows, counted, told)
        for state, codes in self.codes.items():
            if sum(codes.values()) > self.counts.get(state, 0):
                raise SumsDiffer(self.counts.get(state, 0), sum(codes.values()), dict(codes))

    def wire(self) -> dict[str, object]:
        """For JSON."""
        return {
            "rows": self.rows,
            "counts": {state.word: self.counts.get(state, 0) for state in RowState},
            "codes": {state.word: dict(codes) for state, codes in self.codes.items() if codes},
        }

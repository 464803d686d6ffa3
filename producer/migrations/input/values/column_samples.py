"""What the first rows hold, column by column: kinds of ids, never values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from producer.migrations.input.values.id_kinds import kind_of
from producer.migrations.model.records import Fault, Record


@dataclass(frozen=True, slots=True)
class ColumnSamples:
    """`kinds` are those of each column (`id_kinds`), without the empty ones."""

    kinds: tuple[frozenset[str], ...] = ()
    rows: int = 0  # that were looked at
    whole: bool = False  # whether that is all of them

    def wire(self) -> dict[str, Any]:
        """For JSON."""
        kinds = [sorted(some) for some in self.kinds]
        return {"kinds": kinds, "rows": self.rows, "whole": self.whole}

    @classmethod
    def read(cls, told: Any) -> ColumnSamples:
        """What `wire` told; nothing where a version before this one did not."""
        if not isinstance(told, dict):
            return cls()
        kinds = tuple(frozenset(some) for some in told["kinds"])
        return cls(kinds, int(told["rows"]), bool(told["whole"]))


NO_SAMPLES = ColumnSamples()


class SampleCollector:
    """Gathers samples of the records that pass through."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._kinds: list[set[str]] = [set() for _ in columns]
        self.rows = 0

    def of(self, records: Iterable[Record]) -> None:
        """Look at all of them."""
        for _, _, values in records:
            self.rows += 1
            if isinstance(values, Fault):
                continue
            for kinds, value in zip(self._kinds, values, strict=False):
                if kind := kind_of(value):
                    kinds.add(kind)

    def samples(self, *, whole: bool) -> ColumnSamples:
        """What was found."""
        return ColumnSamples(tuple(map(frozenset, self._kinds)), self.rows, whole)

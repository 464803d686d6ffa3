"""Kinds of ids in the columns of the first rows, never values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from producer.migrations.input.values.id_kinds import kind_of
from producer.migrations.model.records import Fault, Record


@dataclass(frozen=True, slots=True)
class ColumnSamples:
    """`kinds` are the kinds of each column's filled values (`id_kinds`)."""

    kinds: tuple[frozenset[str], ...] = ()
    rows: int = 0  # sampled rows
    whole: bool = False  # whether the sample is the whole file

    def wire(self) -> dict[str, Any]:
        """For JSON."""
        kinds = [sorted(of_column) for of_column in self.kinds]
        return {"kinds": kinds, "rows": self.rows, "whole": self.whole}

    @classmethod
    def read(cls, stored: Any) -> ColumnSamples:
        """From `wire`; empty if an earlier version stored none."""
        if not isinstance(stored, dict):
            return cls()
        kinds = tuple(frozenset(of_column) for of_column in stored["kinds"])
        return cls(kinds, int(stored["rows"]), bool(stored["whole"]))


NO_SAMPLES = ColumnSamples()


class SampleCollector:
    """Collects samples of records."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._kinds: list[set[str]] = [set() for _ in columns]
        self.rows = 0

    def add(self, records: Iterable[Record]) -> None:
        """Sample all the records."""
        for _, _, values in records:
            self.rows += 1
            if isinstance(values, Fault):
                continue
            for kinds, value in zip(self._kinds, values, strict=False):
                if kind := kind_of(value):
                    kinds.add(kind)

    def samples(self, *, whole: bool) -> ColumnSamples:
        """The samples; `whole` if they are of the whole file."""
        return ColumnSamples(tuple(map(frozenset, self._kinds)), self.rows, whole)

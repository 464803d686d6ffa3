"""The results file: what is recorded of a migration's rows, durably, on this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self

from producer.migrations.rows import RowResult


class Results:
    """A SQLite file. One process writes; others may read it meanwhile. Usable by any thread."""

    def __init__(self, path: Path, *, readonly: bool = False) -> None:
        """Open the file; made, mode 0600, unless `readonly`, where a missing one is empty."""
        raise NotImplementedError

    @classmethod
    def of(cls, folder: Path, migration: str, *, readonly: bool = False) -> Self:
        """That of the migration in the data folder."""
        return cls(folder / f"{migration}.sqlite", readonly=readonly)

    def record(self, results: Iterable[RowResult]) -> None:
        """Write down all or none, replacing what was recorded before. Durable on return."""
        raise NotImplementedError

    def get(self, number: int) -> RowResult | None:
        """What is recorded of a row; None where nothing is."""
        raise NotImplementedError

    def __getitem__(self, number: int) -> RowResult:
        found = self.get(number)
        if found is None:
            raise KeyError(number)
        return found

    def __iter__(self) -> Iterator[RowResult]:
        return self.since(1)

    def since(self, number: int) -> Iterator[RowResult]:
        """Those from a row number on, in order."""
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def close(self) -> None:
        """Close the file."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

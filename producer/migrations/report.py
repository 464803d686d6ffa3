"""Every row of the input with what became of it, in the input's order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from producer.migrations.columns import Mapping
from producer.migrations.details import Details, States
from producer.migrations.inputs import InputFile
from producer.migrations.results import Results
from producer.migrations.rows import BadRow, Row, RowResult
from producer.migrations.summary import Summary


@dataclass(frozen=True, slots=True)
class Accounts:
    """Where a migration's rows are accounted for. `rows` is what the ledger has room for."""

    migration: str
    source: InputFile
    mapping: Mapping
    rows: int
    states: States
    results: Results
    details: Details = field(default_factory=dict)


def accounted(accounts: Accounts) -> Iterator[tuple[Row | BadRow, RowResult]]:
    """Each row of the input with what became of it; the state is the ledger's."""
    raise NotImplementedError


def summarise(accounts: Accounts) -> Summary:
    """Read all rows and add up. Raises SumsDiffer."""
    raise NotImplementedError


def write_csv(accounts: Accounts, path: Path) -> Summary:
    """Write the rows as CSV, tokens redacted. Raises SumsDiffer, and then leaves no file."""
    raise NotImplementedError


def write_json_lines(accounts: Accounts, path: Path) -> Summary:
    """Write the rows as JSON Lines, tokens redacted. Raises SumsDiffer, and leaves no file."""
    raise NotImplementedError

"""Details of rows that were not applied, for rows missing from the results file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from producer.migrations.model.rows import RowState


@dataclass(frozen=True, slots=True)
class Detail:
    """Code and message of a row's outcome, as the journal keeps them."""

    code: str
    message: str


Details: TypeAlias = Mapping[int, Detail]  # by row number
States: TypeAlias = Callable[[int], RowState]  # of a row number, from the ledger

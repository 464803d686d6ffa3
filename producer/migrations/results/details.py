"""What is known of a row that was not applied, where the results file does not have it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from producer.migrations.model.rows import RowState


@dataclass(frozen=True, slots=True)
class Detail:
    """Code and message of a row's end, as the journal keeps them."""

    code: str
    message: str


Details: TypeAlias = Mapping[int, Detail]  # by row number
States: TypeAlias = Callable[[int], RowState]  # of a row number, from the ledger

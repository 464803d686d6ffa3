"""Notes about rows' values, for the plan."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class RowNotes:
    """Counts over one reading of a file."""

    trimmed: int = 0  # values with invisible characters around them
    both_defaults: int = 0  # customer objects with two different defaults: the first one counts

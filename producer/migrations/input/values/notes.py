"""What was done about the values of rows, to be told with the plan."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class RowNotes:
    """Counts; of a file that was read once."""

    trimmed: int = 0  # values that had something unseen around them
    both_defaults: int = 0  # Stripe's customers with two different defaults: the first one counts

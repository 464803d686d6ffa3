"""What a file holds before it is judged: numbered records of the wanted columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a record cannot be read; `column` is "" where it is the record as a whole."""

    code: str
    what: str
    column: str = ""


BLANK = Fault("blank_row", "the row is blank in all columns")

# Number (from 1), line, and the wanted columns' values in the order wanted.
Record: TypeAlias = tuple[int, int, Sequence[Any] | Fault]

"""Numbered records of the wanted columns, before they are checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a record cannot be used; `column` is "" where the whole record is at fault."""

    code: str
    what: str
    column: str = ""


BLANK = Fault("blank_row", "the row is blank in all columns")

# Number (from 1), line, and the values of the wanted columns, in the order asked for.
Record: TypeAlias = tuple[int, int, Sequence[Any] | Fault]

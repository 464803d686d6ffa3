"""Escapes cells of CSV files so that no spreadsheet evaluates them as formulas.

A cell that would be a formula gets an apostrophe (OWASP: CSV injection), also if it would be one
only when split at another delimiter: Spanish spreadsheets split at `;`. Reading `errors.csv` again
does not remove the apostrophe: a valid id has only letters, digits and `_`, so such a value is
invalid either way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

# At the start, or after a character that may end a cell. Some spreadsheets treat full-width signs
# like plain ones. A minus also starts a formula (`-1+cmd|…`); our own numbers are not texts.
_FORMULA = re.compile(r"(?:(?<![\s\S])|(?<=[;,|\t\r\n]))(?=[ \"]*[=+\-@\t\r\n＝＋－＠])")


def cell(value: Any) -> Any:
    """The value, escaped if it is a text."""
    return _FORMULA.sub("'", value) if isinstance(value, str) else value


def cells(values: Iterable[Any]) -> list[Any]:
    """A row of escaped values."""
    return [cell(value) for value in values]

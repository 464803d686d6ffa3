"""Cells of the CSV files that people open: no spreadsheet takes one of them for a formula.

A cell that would be one is given an apostrophe, as OWASP says (CSV injection), also where it would
be one only if the file were split at another delimiter: spreadsheets in Spanish split at `;`. That
is not undone when `errors.csv` is read again, and need not be: a valid id consists of letters,
digits and `_`, so such a value is as invalid with the apostrophe as without.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

# At the beginning, or behind what may end a cell. Full-width signs count as the plain ones in some
# spreadsheets. A minus begins a formula too (`-1+cmd|…`); numbers of ours are no text.
_FORMULA = re.compile(r"(?:(?<![\s\S])|(?<=[;,|\t\r\n]))(?=[ \"]*[=+\-@\t\r\n＝＋－＠])")


def cell(value: Any) -> Any:
    """The value as it may be written; what is no text stays as it is."""
    return _FORMULA.sub("'", value) if isinstance(value, str) else value


def cells(values: Iterable[Any]) -> list[Any]:
    """A row of them."""
    return [cell(value) for value in values]

"""Converts numbers and dates of cells to texts, as in a CSV file."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
_LONGEST_INTEGER = 1e21
# Built-in number formats of dates and times (ECMA-376, 18.8.30).
_DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.I)
_DATE_SIGN = re.compile(r"[dmyhs]", re.I)
_EPOCHS = {False: datetime(1899, 12, 30), True: datetime(1904, 1, 1)}
_BEFORE_THE_LEAP_DAY = 60  # of 1900, which exists only in Excel
_LAST_DAY = 2_958_466  # 10000-01-01
_DAY_S = 86_400


def number_text(text: str) -> str:
    """A number without a needless fraction or exponent; other texts stay unchanged."""
    if _PLAIN.fullmatch(text):
        return text
    try:
        value = float(text)
    except ValueError:
        return text
    if value.is_integer() and abs(value) < _LONGEST_INTEGER:
        return str(int(value))
    return repr(value)


def date_text(text: str, *, from_1904: bool = False) -> str:
    """Date, time of day or both (ISO 8601) of a day's number; other texts stay unchanged."""
    try:
        value = float(text)
    except ValueError:
        return text
    if not 0 <= value < _LAST_DAY:
        return number_text(text)
    seconds = round(value * _DAY_S)
    if seconds < _DAY_S:
        return (datetime.min + timedelta(seconds=seconds)).time().isoformat()
    if not from_1904 and value < _BEFORE_THE_LEAP_DAY:
        seconds += _DAY_S
    when = _EPOCHS[from_1904] + timedelta(seconds=seconds)
    return when.isoformat() if seconds % _DAY_S else when.date().isoformat()


def is_date_format(number: int, code: str | None) -> bool:
    """Whether a number format shows dates or times; `code` is None for a built-in one."""
    if code is None:
        return number in _DATES
    first = code.split(";", 1)[0]
    bare = _LITERAL.sub("", first)
    return bare.lower() != "general" and _DATE_SIGN.search(bare) is not None

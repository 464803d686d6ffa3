"""Finds the header of a CSV file: its position, its names, and the delimiter."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from producer.migrations.errors import FileRefused
from producer.migrations.input.files.formats import LineEnd
from producer.migrations.input.files.line_blocks import LINE_LIMIT
from producer.migrations.input.files.text_encodings import BOM
from producer.migrations.model.fields import USER
from producer.migrations.texts.reasons import Reason

_DELIMITERS = ",;\t|"
# Excel's line that names the delimiter of the lines after it.
_SEPARATOR_LINE = re.compile(r'"?sep=([!-/:-~\t])"?[\r\n]*', re.I)
# Lines and records that are searched for the header, and for rows that confirm its width.
_LINES, _RECORDS = 200, 40
_BLANK = " \t\r\n\ufeff\xa0"
_QUOTED = re.compile(r'"[^"]*"')
# The header of a file with one column: a name, rather than a value of a file without a header.
_ONE_NAME = re.compile(r"(?=.{1,40}$)\w[\w.\-]*(?: [\w.\-]+){0,3}(?<=\w)")
_ID = re.compile(r"\W*(?:cus|card|pm|src|tok|ba)_\w")


@dataclass(frozen=True, slots=True)
class Header:
    """`lines` and `size` are lines and characters up to the end of the header."""

    names: tuple[str, ...]
    delimiter: str
    separator_line: bool
    lines: int
    size: int


def header_of(text: str, delimiter: str | None = None) -> Header:
    """The header of a text with this beginning; without `delimiter`, it is detected.

    Raises:
        FileRefused: there is no header, or it cannot be read.
    """
    lines = list(islice(io.StringIO(text, newline=""), _LINES))
    at = _after_blank(lines, 0)
    separator = _SEPARATOR_LINE.fullmatch(lines[at].removeprefix(BOM)) if at < len(lines) else None
    if separator:
        delimiter, at = separator[1], _after_blank(lines, at + 1)
    if at == len(lines):
        raise FileRefused("empty_file", Reason.EMPTY)
    if len(lines[at]) > LINE_LIMIT:
        raise FileRefused("header", Reason.HEADER_TOO_LONG, limit=LINE_LIMIT)
    if delimiter is None:
        split = _best(lines[at:])
    else:
        split = _Split(lines[at:], delimiter)
        split.must_be_readable()
    used = at + split.lines
    size = sum(map(len, lines[:used]))
    return Header(split.names, split.delimiter, separator is not None, used, size)


def header_place(rows: Sequence[Sequence[str]]) -> int:
    """The position of the header: the first row with several filled cells, after any titles.

    If all rows have one cell, or ids come first, it is the first row that is not blank.
    """
    first = None
    for place, row in enumerate(rows):
        filled = [cell for cell in row if cell.strip(_BLANK)]
        if any(map(_ID.match, filled)):
            break
        if len(filled) > 1:
            return place
        if first is None and filled:
            first = place
    return first or 0


def line_end_of(text: str, *, quotes: bool = True) -> LineEnd:
    """The line ends of a text with this beginning; within `quotes` they are part of a value."""
    if text.endswith("\r"):
        text = text[:-1]  # its line feed may follow
    if quotes and '"' in text:
        text = _QUOTED.sub("", text)
    crlf = text.count("\r\n")
    counts = {
        LineEnd.LF: text.count("\n") - crlf,
        LineEnd.CRLF: crlf,
        LineEnd.CR: text.count("\r") - crlf,
    }
    found = [end for end, count in counts.items() if count]
    if len(found) < 2:
        return found[0] if found else LineEnd.LF
    most_cr = counts[LineEnd.CR] > counts[LineEnd.LF] + crlf
    return LineEnd.MIXED_CR if most_cr else LineEnd.MIXED


class _Split:
    """The first records, split at a delimiter, and the header among them."""

    def __init__(self, lines: Sequence[str], delimiter: str) -> None:
        self.delimiter = delimiter
        rows: list[list[str]] = []
        ends: list[int] = []
        reader = csv.reader(
            [lines[0].removeprefix(BOM), *lines[1:]], delimiter=delimiter, strict=True
        )
        try:
            for row in islice(reader, _RECORDS):
                rows.append(row)
                ends.append(reader.line_num)
        except csv.Error:
            pass
        place = header_place(rows)
        header = rows[place] if rows else []
        self.readable = bool(rows)
        self.names = tuple(cell.strip() for cell in header)
        self.lines = ends[place] if rows else 0
        self.filled = sum(map(bool, self.names))
        self.is_ours = USER in self.names
        self.place = place
        body = rows[place + 1 :]
        alike = sum(len(row) == len(header) for row in body)
        # Columns, reduced by the share of rows with a different number of them.
        self.columns = len(header) * (alike / len(body) if body else 1)

    def must_be_readable(self) -> None:
        """Raise FileRefused if the header cannot be read."""
        if not self.readable:
            raise FileRefused("header", Reason.HEADER_UNREADABLE)


def _best(lines: Sequence[str]) -> _Split:
    """Split at the delimiter that gives the contract's names, else the most columns."""
    found = [_Split(lines, one) for one in _DELIMITERS]
    several = [one for one in found if one.filled > 1]
    if several:
        return max(several, key=lambda one: (one.is_ours, one.columns, -one.place))
    for one in found:
        one.must_be_readable()
    alone = found[0]
    if not _ONE_NAME.fullmatch(alone.names[0]) or _ID.match(alone.names[0]):
        raise FileRefused("unknown_format", Reason.NO_HEADER)
    return alone


def _after_blank(lines: Sequence[str], at: int) -> int:
    while at < len(lines) and not lines[at].strip(_BLANK):
        at += 1
    return at

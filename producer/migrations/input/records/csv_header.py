"""The header of a CSV file: where it stands, its names, and what parts them."""

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
from producer.migrations.texts.reasons import Reason

_DELIMITERS = ",;\t|"
# As Excel has it: what parts the columns of the lines after it.
_SEPARATOR_LINE = re.compile(r'"?sep=([!-/:-~\t])"?[\r\n]*', re.I)
# Lines and records that are looked at: a header stands among them, and rows that show its width.
_LINES, _RECORDS = 200, 40
_BLANK = " \t\r\n\ufeff\xa0"
_QUOTED = re.compile(r'"[^"]*"')
# Of a file with one column: a name, and no row of a file without a header.
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
    """The header of a text that begins so; None is a delimiter to be found out.

    Raises:
        FileRefused: there is none, or it cannot be read.
    """
    lines = list(islice(io.StringIO(text, newline=""), _LINES))
    at = _after_blank(lines, 0)
    told = _SEPARATOR_LINE.fullmatch(lines[at].removeprefix(BOM)) if at < len(lines) else None
    if told:
        delimiter, at = told[1], _after_blank(lines, at + 1)
    if at == len(lines):
        raise FileRefused("empty_file", Reason.EMPTY)
    if len(lines[at]) > LINE_LIMIT:
        raise FileRefused("header", Reason.HEADER_TOO_LONG, limit=LINE_LIMIT)
    if delimiter is None:
        parted = _best(lines[at:])
    else:
        parted = _Parted(lines[at:], delimiter)
        parted.must_be_readable()
    used = at + parted.lines
    size = sum(map(len, lines[:used]))
    return Header(parted.names, parted.delimiter, told is not None, used, size)


def header_place(rows: Sequence[Sequence[str]]) -> int:
    """Which row is the header: the first of more than one filled cell, behind titles of one.

    Or the first that is not blank, where they all have one, or ids come before there are more.
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
    """What ends the lines of a text that begins so; within `quotes` it is part of a value."""
    if text.endswith("\r"):
        text = text[:-1]  # the other half may come
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


class _Parted:
    """The first records as a delimiter parts them, and which of them is the header."""

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
        self.place = place
        body = rows[place + 1 :]
        alike = sum(len(row) == len(header) for row in body)
        # Columns, but for the share of rows that have not so many.
        self.columns = len(header) * (alike / len(body) if body else 1)

    def must_be_readable(self) -> None:
        """Raise FileRefused where it is not."""
        if not self.readable:
            raise FileRefused("header", Reason.HEADER_UNREADABLE)


def _best(lines: Sequence[str]) -> _Parted:
    """The delimiter that makes the most columns, of the header and of rows alike."""
    found = [_Parted(lines, one) for one in _DELIMITERS]
    several = [one for one in found if one.filled > 1]
    if several:
        return max(several, key=lambda one: (one.columns, -one.place))
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

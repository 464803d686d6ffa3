"""Records of a CSV file (RFC 4180), where one malformed line costs one row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from producer.migrations.input.card_data.card_columns import CardColumns
from producer.migrations.input.files.formats import Form, Format
from producer.migrations.input.files.line_blocks import LINE_LIMIT, Blocks
from producer.migrations.input.files.size_limits import Bounds
from producer.migrations.input.records.csv_header import header_of
from producer.migrations.input.records.picking import picker
from producer.migrations.input.values.trimming import EDGES, blank
from producer.migrations.model.records import BLANK, Fault, Record

# Maximum lines of a row with quoted line ends (besides LINE_LIMIT characters). A row that does not
# close its quote by then, or does not have the header's fields, loses only its first line.
SPAN = 100
_EMPTY = frozenset({"", *EDGES})
# Characters that are searched for the header.
_BEGINNING = 1 << 18
_PREFIX = re.compile(r"[a-z]+_")
_TOO_LONG = Fault("line_too_long", f"the line has more than {LINE_LIMIT} characters")
_UNCLOSED = Fault("quote_not_closed", "a quote is opened and not closed, or closed too early")
_UNREADABLE = Fault("line_unreadable", "a line end stands in the middle of the line")
_TOO_FEW = Fault("too_few_fields", "the row has fewer fields than the header")
_TOO_MANY = Fault("too_many_fields", "the row has more fields than the header")


class CsvReader:
    """Reads a CSV file."""

    def __init__(self, file: BinaryIO, format_: Format, bounds: Bounds | None = None) -> None:
        self._file = file
        self._format = format_

    def columns(self) -> tuple[str, ...]:
        """The header's names, without spaces around them. Raises FileRefused."""
        first = next(_Reading(self._file, self._format).texts(), "")
        return header_of(first, self._format.delimiter).names

    def records(
        self, wanted: Sequence[str], *, start_number: int = 1, cards: CardColumns | None = None
    ) -> Iterator[Record]:
        """The records from a number on, without blank lines. Raises FileRefused."""
        reading = _Reading(self._file, self._format)
        return reading.records(wanted, start_number, cards)


def csv_records(
    stream: BinaryIO,
    delimiter: str,
    wanted: Sequence[str],
    *,
    start_number: int = 1,
    cards: CardColumns | None = None,
) -> Iterator[Record]:
    """The records of a CSV file in UTF-8 with this delimiter. Raises FileRefused."""
    reader = CsvReader(stream, Format(Form.CSV, delimiter=delimiter))
    return reader.records(wanted, start_number=start_number, cards=cards)


class _Reading:
    def __init__(self, stream: BinaryIO, format_: Format) -> None:
        self._end = format_.line_end.char
        self._blocks = Blocks(stream, self._end)
        self._feed = self.texts()
        self._unended = False
        self._delimiter = format_.delimiter
        self._start = 1
        self._cards: CardColumns | None = None
        self._number = 0
        self._line = 1
        self._width = 0
        self._last = ""
        # The shortest id of each prefix in the last column of the first block.
        self._shortest: dict[str, int] | None = None

    def texts(self) -> Iterator[str]:
        """Texts of whole lines, the first with the whole header; `_unended` is as in `Blocks`."""
        beginning: list[str] = []
        size = 0
        for text in self._blocks:
            if self._blocks.unended:
                if beginning:
                    yield self._end.join(beginning)
                self._unended = True
                yield text
                return
            if size >= _BEGINNING:
                yield text
                continue
            beginning.append(text)
            size += len(text) + 1
            if size >= _BEGINNING:
                yield self._end.join(beginning)
                beginning.clear()
        if beginning:
            yield self._end.join(beginning)

    def records(
        self, wanted: Sequence[str], start_number: int, cards: CardColumns | None
    ) -> Iterator[Record]:
        self._start, self._cards = start_number, cards
        for text in self._feed:
            if self._width:
                yield from self._block(text, text.split(self._end))
                continue
            rest = self._after_header(text, wanted)
            if rest or text.endswith(self._end):
                yield from self._block(rest, rest.split(self._end))

    def _after_header(self, text: str, wanted: Sequence[str]) -> str:
        header = header_of(text, self._delimiter)
        self._pick = picker([header.names.index(name) for name in wanted])
        self._width, self._last = len(header.names), header.names[-1]
        self._line = header.lines + 1
        return text[header.size :]

    def _block(self, text: str, lines: list[str]) -> Iterator[Record]:
        if self._shortest is not None and '"' not in text and self._skipped(text, lines):
            return
        rows = self._at_once(lines)
        if rows is None and '"' not in text and self._holds_other_ends(text):
            lines = [part for line in lines for part in self._parts(line)]
            rows = self._at_once(lines)
        if rows is None:
            yield from self._one_by_one(lines)
            return
        if self._shortest is None:
            self._shortest = _shortest(rows)
        if self._cards is not None and self._cards.may_hold_card_data(text):
            for cells in rows:
                self._cards.check(cells)
        elif self._cards is not None and self._cards.watches:
            for cells in rows:
                self._cards.check_watched(cells)
        for cells in rows:
            if cells:
                self._number += 1
                if self._number >= self._start:
                    yield self._number, self._line, self._values(cells)
            self._line += 1

    def _skipped(self, text: str, lines: list[str]) -> bool:
        """Whether all lines come before the start; without quotes each line is a row."""
        if self._number + len(lines) >= self._start or self._holds_other_ends(text):
            return False
        self._number += len(lines) - lines.count("") - lines.count("\r")
        self._line += len(lines)
        return True

    def _at_once(self, lines: list[str]) -> list[list[str]] | None:
        """The cells of each line; None if a record spans lines or is malformed."""
        if self._unended or max(map(len, lines), default=0) > LINE_LIMIT:
            return None
        try:
            rows = list(csv.reader(lines, delimiter=self._delimiter, strict=True))
        except csv.Error:
            return None
        return rows if len(rows) == len(lines) else None

    def _holds_other_ends(self, text: str) -> bool:
        """Whether the text has other line ends, too, unless they are part of values."""
        if self._end == "\r":
            return "\n" in text
        return text.count("\r") > text.count("\r\n") + text.endswith("\r")

    def _parts(self, line: str) -> list[str]:
        """Split a line at other line ends, if every part is a whole row."""
        body = line.rstrip("\r\n")
        if ("\r" not in body and "\n" not in body) or len(line) > LINE_LIMIT:
            return [line]
        pieces = list(io.StringIO(line, newline=""))
        reader = csv.reader(pieces, delimiter=self._delimiter, strict=True)
        parts, start = [], 0
        try:
            for cells in reader:
                if cells and len(cells) != self._width:
                    return [line]
                parts.append("".join(pieces[start : reader.line_num]).rstrip("\r\n"))
                start = reader.line_num
        except csv.Error:
            return [line]
        return parts

    def _split_after_quotes(self, lines: list[str], at: int) -> bool:
        """Split off a whole quoted row that another line end ends; return whether there was one."""
        span = lines[at : at + SPAN]
        text = self._end.join([*span, ""])
        if len(text) > LINE_LIMIT or not self._holds_other_ends(text):
            return False
        pieces = list(io.StringIO(text, newline=""))
        reader = csv.reader(pieces, delimiter=self._delimiter, strict=True)
        try:
            cells = next(reader)
        except csv.Error:
            return False
        row = "".join(pieces[: reader.line_num])
        if len(cells) != self._width or row.endswith(self._end):
            return False
        rest = text[len(row) :].removesuffix(self._end)
        parts = [*row.rstrip("\r\n").split(self._end), *rest.split(self._end)]
        lines[at : at + len(span)] = parts
        return True

    def _one_by_one(self, lines: list[str]) -> Iterator[Record]:
        at = 0
        while at < len(lines):
            lines[at : at + 1] = self._parts(lines[at])
            found, used = self._record(lines, at)
            if used == 0:
                more = next(self._feed, None)
                if more is not None:
                    lines, at = lines[at:] + more.split(self._end), 0
                    continue
                found, used = _UNCLOSED, 1
            if found is _UNCLOSED and self._split_after_quotes(lines, at):
                continue
            if found:
                self._number += 1
                if isinstance(found, list) and self._cards is not None:
                    self._cards.check(found)
                if self._number >= self._start:
                    torn = self._unended and at + used == len(lines)
                    values = found if isinstance(found, Fault) else self._values(found, torn=torn)
                    yield self._number, self._line, values
            at += used
            self._line += used

    def _record(self, lines: list[str], at: int) -> tuple[list[str] | Fault, int]:
        """The record at a position and its number of lines; 0 if it needs the next block."""
        line = lines[at]
        if len(line) > LINE_LIMIT:
            return _TOO_LONG, 1
        span = lines[at : at + SPAN] if '"' in line else [line]
        # With line ends, which are part of a quoted value.
        texts = (f"{one}{self._end}" for one in span)
        reader = csv.reader(texts, delimiter=self._delimiter, strict=True)
        try:
            cells = next(reader)
        except csv.Error:
            if '"' not in line:
                return _UNREADABLE, 1
            open_ended = len(span) < SPAN and next(texts, None) is None
            short = sum(map(len, span)) <= LINE_LIMIT
            return _UNCLOSED, 0 if open_ended and short and not self._unended else 1
        used = reader.line_num
        if used > 1 and (len(cells) != self._width or sum(map(len, span[:used])) > LINE_LIMIT):
            return _UNCLOSED, 1
        return cells, used

    def _values(self, cells: list[str], *, torn: bool = False) -> Sequence[str] | Fault:
        if len(cells) != self._width:
            if blank(cells):
                return BLANK
            return _TOO_FEW if len(cells) < self._width else _TOO_MANY
        if torn:
            prefix = _PREFIX.match(cells[-1])
            shortest = (self._shortest or {}).get(prefix.group()) if prefix else None
            if shortest is not None and len(cells[-1]) < shortest:
                what = "the file ends in the middle of this line: its id is shorter than all others"
                return Fault("torn_line", what, self._last)
        picked = self._pick(cells)
        # A quick test first: nearly every row has an id in the first used column.
        if picked[0][:1] in _EMPTY and blank(cells):
            return BLANK
        return picked


def _shortest(rows: list[list[str]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for cells in rows:
        prefix = _PREFIX.match(cells[-1]) if cells else None
        if prefix:
            name = prefix.group()
            found[name] = min(found.get(name, len(cells[-1])), len(cells[-1]))
    return found

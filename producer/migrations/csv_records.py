"""Records of a CSV file (RFC 4180), where one broken line costs one row."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import BinaryIO

from producer.migrations.card_columns import CardColumns
from producer.migrations.edges import EDGES, blank
from producer.migrations.formats import header_cells, header_place
from producer.migrations.lines import LINE_LIMIT, Blocks
from producer.migrations.records import BLANK, Fault, Record

# A row with quoted line ends may span so many lines (and LINE_LIMIT characters). One that does not
# close its quote by then, or closes it and has not the header's fields, loses its first line only.
SPAN = 100
_EMPTY = frozenset({"", *EDGES})
_PREFIX = re.compile(r"[a-z]+_")
_TOO_LONG = Fault("line_too_long", f"the line has more than {LINE_LIMIT} characters")
_UNCLOSED = Fault("quote_not_closed", "a quote is opened and not closed, or closed too early")
_UNREADABLE = Fault("line_unreadable", "a carriage return stands in the middle of the line")
_TOO_FEW = Fault("too_few_fields", "the row has fewer fields than the header")
_TOO_MANY = Fault("too_many_fields", "the row has more fields than the header")


def csv_records(
    stream: BinaryIO,
    delimiter: str,
    wanted: Sequence[str],
    *,
    start_number: int = 1,
    cards: CardColumns | None = None,
) -> Iterator[Record]:
    """The records from a number on, of at least two wanted columns; `cards` looks at all columns.

    Blank lines are no records. Raises FileRefused.
    """
    return _Reading(stream, delimiter, wanted, start_number, cards).records()


class _Reading:
    def __init__(
        self,
        stream: BinaryIO,
        delimiter: str,
        wanted: Sequence[str],
        start_number: int,
        cards: CardColumns | None,
    ) -> None:
        self._blocks = Blocks(stream)
        self._feed = iter(self._blocks)
        self._delimiter = delimiter
        self._wanted = wanted
        self._start = start_number
        self._cards = cards
        self._number = 0
        self._line = 1
        self._width = 0
        self._last = ""
        # The shortest id of each prefix in the last column, in the first block.
        self._shortest: dict[str, int] | None = None

    def records(self) -> Iterator[Record]:
        for place, text in enumerate(self._feed):
            lines = text.split("\n")
            if place == 0:
                lines = self._after_header(lines)
            yield from self._block(text, lines)

    def _after_header(self, lines: list[str]) -> list[str]:
        at = header_place(lines)
        header = header_cells(lines[at], self._delimiter)
        places = [header.index(name) for name in self._wanted]
        self._pick = itemgetter(*places)
        self._width, self._last = len(header), header[-1]
        self._line = at + 2
        return lines[at + 1 :]

    def _block(self, text: str, lines: list[str]) -> Iterator[Record]:
        if self._shortest is not None and '"' not in text and self._skipped(lines):
            return
        rows = self._at_once(lines)
        if rows is None:
            yield from self._one_by_one(lines)
            return
        if self._shortest is None:
            self._shortest = _shortest(rows)
        if self._cards is not None and self._cards.worth_a_look(text):
            for cells in rows:
                self._cards.see(cells)
        elif self._cards is not None and self._cards.watches:
            for cells in rows:
                self._cards.see_watched(cells)
        for cells in rows:
            if cells:
                self._number += 1
                if self._number >= self._start:
                    yield self._number, self._line, self._values(cells)
            self._line += 1

    def _skipped(self, lines: list[str]) -> bool:
        """Whether all lines, without a quote each a row, come before the start."""
        if self._number + len(lines) >= self._start:
            return False
        self._number += len(lines) - lines.count("") - lines.count("\r")
        self._line += len(lines)
        return True

    def _at_once(self, lines: list[str]) -> list[list[str]] | None:
        """The cells of each line, where every record is one line and none is broken."""
        if self._blocks.unended or max(map(len, lines), default=0) > LINE_LIMIT:
            return None
        try:
            rows = list(csv.reader(lines, delimiter=self._delimiter, strict=True))
        except csv.Error:
            return None
        return rows if len(rows) == len(lines) else None

    def _one_by_one(self, lines: list[str]) -> Iterator[Record]:
        at = 0
        while at < len(lines):
            found, used = self._record(lines, at)
            if used == 0:
                more = next(self._feed, None)
                if more is not None:
                    lines, at = lines[at:] + more.split("\n"), 0
                    continue
                found, used = _UNCLOSED, 1
            if found:
                self._number += 1
                if isinstance(found, list) and self._cards is not None:
                    self._cards.see(found)
                if self._number >= self._start:
                    torn = self._blocks.unended and at + used == len(lines)
                    values = found if isinstance(found, Fault) else self._values(found, torn=torn)
                    yield self._number, self._line, values
            at += used
            self._line += used

    def _record(self, lines: list[str], at: int) -> tuple[list[str] | Fault, int]:
        """The record that begins there and its lines; no lines where the next block is needed."""
        line = lines[at]
        if len(line) > LINE_LIMIT:
            return _TOO_LONG, 1
        span = lines[at : at + SPAN] if '"' in line else [line]
        # With their ends, which are part of a quoted value.
        left = (f"{one}\n" for one in span)
        reader = csv.reader(left, delimiter=self._delimiter, strict=True)
        try:
            cells = next(reader)
        except csv.Error:
            if '"' not in line:
                return _UNREADABLE, 1
            open_ended = len(span) < SPAN and next(left, None) is None
            short = sum(map(len, span)) <= LINE_LIMIT
            return _UNCLOSED, 0 if open_ended and short and not self._blocks.unended else 1
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
        picked: tuple[str, ...] = self._pick(cells)
        # Nearly every row has an id in the first column that is used.
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

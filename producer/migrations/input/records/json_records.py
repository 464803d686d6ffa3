"""Records of JSON Lines: one object a line, whose members are the columns."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, BinaryIO

from producer.migrations.input.card_data.card_columns import (
    CardColumns,
    judged_by_values,
    refuse_by_name,
)
from producer.migrations.input.files.formats import Form, Format
from producer.migrations.input.files.line_blocks import LINE_LIMIT, Blocks
from producer.migrations.input.files.size_limits import Bounds
from producer.migrations.input.values.trimming import blank
from producer.migrations.model.records import BLANK, Fault, Record

SAMPLE = 1_000  # rows whose members are columns
_NAMES = 1_000
_TOO_LONG = Fault("line_too_long", f"the line has more than {LINE_LIMIT} characters")
_NOT_JSON = Fault("not_json", "the line is not a JSON object")


class _Repeated(ValueError):
    """An object has a member twice."""


class JsonLinesReader:
    """Reads JSON Lines."""

    def __init__(self, file: BinaryIO, format_: Format, bounds: Bounds | None = None) -> None:
        self._file = file
        self._end = format_.line_end.char

    def columns(self) -> tuple[str, ...]:
        """The members of the first rows' objects."""
        rows = islice((parsed(line) for _, _, line in self._lines()), SAMPLE)
        return names_in(rows)

    def records(
        self, wanted: Sequence[str], *, start_number: int = 1, cards: CardColumns | None = None
    ) -> Iterator[Record]:
        """The records from a number on, without blank lines. Raises FileRefused."""
        number = 0
        checker = NameChecker(cards)
        for line, thorough, text in self._lines(cards):
            number += 1
            if number < start_number:
                continue
            found = parsed(text)
            if isinstance(found, Fault):
                yield number, line, found
                continue
            checker.check(found)
            if cards is not None and thorough:
                cards.check([found.get(name) for name in cards.names])
            elif cards is not None and cards.watches:
                cards.check_watched([found.get(name) for name in cards.names])
            yield number, line, wanted_of(found, wanted)

    def _lines(self, cards: CardColumns | None = None) -> Iterator[tuple[int, bool, str]]:
        """Number of each filled line, whether it may hold card data, and its text."""
        line = 0
        for block in Blocks(self._file, self._end):
            thorough = cards is not None and cards.json_may_hold_card_data(block)
            for text in block.split(self._end):
                line += 1
                if text.strip("\ufeff \t\r\n"):
                    yield line, thorough, text if line > 1 else text.removeprefix("\ufeff")


def json_records(
    stream: BinaryIO,
    wanted: Sequence[str],
    *,
    start_number: int = 1,
    cards: CardColumns | None = None,
) -> Iterator[Record]:
    """The records of JSON Lines in UTF-8. Raises FileRefused."""
    reader = JsonLinesReader(stream, Format(Form.JSON_LINES))
    return reader.records(wanted, start_number=start_number, cards=cards)


class NameChecker:
    """Checks each object's member names, which may differ from other objects'."""

    def __init__(self, cards: CardColumns | None) -> None:
        self._cards = cards
        self._known: set[str] = set()

    def check(self, found: dict[str, Any]) -> None:
        """Raise FileRefused if a name is of card data."""
        if not found.keys() <= self._known:
            self._known = _checked(found, self._known, self._cards)


def wanted_of(found: dict[str, Any], wanted: Sequence[str]) -> Sequence[Any] | Fault:
    """An object's wanted members, or BLANK."""
    values = [found.get(name) for name in wanted]
    return BLANK if blank(values[:1]) and blank(found.values()) else values


def names_in(rows: Iterable[Any]) -> tuple[str, ...]:
    """The members of all objects, in order of appearance."""
    return tuple(dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row))


def _checked(found: dict[str, Any], known: set[str], cards: CardColumns | None) -> set[str]:
    """Check new names; return the known ones, or only these if there are too many."""
    for name in found.keys() - known:
        refuse_by_name(name, found[name])
        if cards is not None and judged_by_values(name):
            cards.add(name)
    return known | found.keys() if len(known) < _NAMES else set(found)


def parsed(line: str) -> dict[str, Any] | Fault:
    """A line's object, or its fault."""
    if len(line) > LINE_LIMIT:
        return _TOO_LONG
    try:
        value = json.loads(line, object_pairs_hook=_once)
    except _Repeated:
        return Fault("not_json", "a member stands twice in the line's object")
    except (ValueError, RecursionError):
        return _NOT_JSON
    return value if isinstance(value, dict) else _NOT_JSON


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Repeated
    return made

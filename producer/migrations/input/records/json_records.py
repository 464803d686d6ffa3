"""Records of JSON Lines: an object a line, whose members are the columns."""

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
    """A member stands twice in an object."""


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
        """The records from a number on; blank lines are none. Raises FileRefused."""
        number = 0
        judge = NameChecker(cards)
        for line, look, one in self._lines(cards):
            number += 1
            if number < start_number:
                continue
            found = parsed(one)
            if isinstance(found, Fault):
                yield number, line, found
                continue
            judge.see(found)
            if cards is not None and look:
                cards.see([found.get(name) for name in cards.names])
            elif cards is not None and cards.watches:
                cards.see_watched([found.get(name) for name in cards.names])
            yield number, line, wanted_of(found, wanted)

    def _lines(self, cards: CardColumns | None = None) -> Iterator[tuple[int, bool, str]]:
        """Of each line that is not blank: number, whether it is worth a look, text."""
        line = 0
        for text in Blocks(self._file, self._end):
            look = cards is not None and cards.json_worth_a_look(text)
            for one in text.split(self._end):
                line += 1
                if one.strip("\ufeff \t\r\n"):
                    yield line, look, one if line > 1 else one.removeprefix("\ufeff")


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
    """Has each object's names looked at, whatever names the others have."""

    def __init__(self, cards: CardColumns | None) -> None:
        self._cards = cards
        self._known: set[str] = set()

    def see(self, found: dict[str, Any]) -> None:
        """Raise FileRefused where a name is one of card data."""
        if not found.keys() <= self._known:
            self._known = _judged(found, self._known, self._cards)


def wanted_of(found: dict[str, Any], wanted: Sequence[str]) -> Sequence[Any] | Fault:
    """An object's wanted members, or that it is blank."""
    values = [found.get(name) for name in wanted]
    return BLANK if blank(values[:1]) and blank(found.values()) else values


def names_in(rows: Iterable[Any]) -> tuple[str, ...]:
    """The members of the objects among them, in the order in which they come."""
    return tuple(dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row))


def _judged(found: dict[str, Any], known: set[str], cards: CardColumns | None) -> set[str]:
    """The names that were judged, these among them; forgotten where every row has others."""
    for name in found.keys() - known:
        refuse_by_name(name, found[name])
        if cards is not None and judged_by_values(name):
            cards.add(name)
    return known | found.keys() if len(known) < _NAMES else set(found)


def parsed(line: str) -> dict[str, Any] | Fault:
    """A line's object, or why there is none."""
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

"""Records of JSON Lines: an object a line, whose members are the columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from producer.migrations.card_columns import CardColumns, judged_by_values, refuse_by_name
from producer.migrations.edges import blank
from producer.migrations.lines import LINE_LIMIT, Blocks
from producer.migrations.records import BLANK, Fault, Record

_NAMES = 1_000
_TOO_LONG = Fault("line_too_long", f"the line has more than {LINE_LIMIT} characters")
_NOT_JSON = Fault("not_json", "the line is not a JSON object")


class _Repeated(ValueError):
    """A member stands twice in an object."""


def json_records(
    stream: BinaryIO,
    wanted: Sequence[str],
    *,
    start_number: int = 1,
    cards: CardColumns | None = None,
) -> Iterator[Record]:
    """The records from a number on; blank lines are none. Raises FileRefused."""
    number, line = 0, 0
    known: set[str] = set()
    for text in Blocks(stream):
        look = cards is not None and cards.json_worth_a_look(text)
        for one in text.split("\n"):
            line += 1
            if not one.strip("\ufeff \t\r"):
                continue
            number += 1
            if number < start_number:
                continue
            found = parsed(one if line > 1 else one.removeprefix("\ufeff"))
            if isinstance(found, Fault):
                yield number, line, found
                continue
            if not found.keys() <= known:
                known = _judged(found, known, cards)
            if cards is not None and look:
                cards.see([found.get(name) for name in cards.names])
            elif cards is not None and cards.watches:
                cards.see_watched([found.get(name) for name in cards.names])
            values = [found.get(name) for name in wanted]
            empty = blank(values[:1]) and blank(found.values())
            yield number, line, BLANK if empty else values


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

"""Records of JSON other than JSON Lines: arrays, Stripe's lists, objects over several lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import BinaryIO

from producer.migrations.errors import FileRefused
from producer.migrations.input.card_data.card_columns import CardColumns
from producer.migrations.input.files.formats import Form, Format
from producer.migrations.input.files.line_blocks import LINE_LIMIT
from producer.migrations.input.files.size_limits import Bounds
from producer.migrations.input.records.json_elements import Element, Elements
from producer.migrations.input.records.json_records import SAMPLE, NameChecker, names_in, wanted_of
from producer.migrations.model.records import Fault, Record

_TOO_LONG = Fault("line_too_long", f"the object has more than {LINE_LIMIT} characters")
_NOT_JSON = Fault("not_json", "the element is not a JSON object")
_REPEATED = Fault("not_json", "a member stands twice in the object")


class ArrayReader:
    """Reads the objects of a JSON array or a similar document."""

    def __init__(self, file: BinaryIO, format_: Format, bounds: Bounds | None = None) -> None:
        self._file = file
        self._form = format_.form

    def columns(self) -> tuple[str, ...]:
        """The members of the first objects, also if the document is truncated after them."""
        return names_in(self._first())

    def records(
        self, wanted: Sequence[str], *, start_number: int = 1, cards: CardColumns | None = None
    ) -> Iterator[Record]:
        """The records from a number on; a record's line is its number.

        Raises:
            FileRefused: the JSON is malformed or truncated: the rest cannot be read.
        """
        checker = NameChecker(cards)
        for number, one in enumerate(self._elements(), 1):
            if number < start_number:
                continue
            fault = _fault(one)
            if fault is not None:
                yield number, number, fault
                continue
            found = one.value
            checker.check(found)
            if cards is not None:
                thorough = cards.json_may_hold_card_data(one.text)
                cards.check([found.get(name) for name in cards.names], thorough=thorough)
            yield number, number, wanted_of(found, wanted)

    def _first(self) -> Iterator[object]:
        any_found = False
        try:
            for one in islice(self._elements(), SAMPLE):
                any_found = True
                yield one.value
        except FileRefused:
            if not any_found:
                raise

    def _elements(self) -> Iterator[Element]:
        elements = Elements(self._file)
        match self._form:
            case Form.JSON_ARRAY:
                return elements.of_arrays()
            case Form.JSON_LIST:
                return elements.of_lists()
            case _:
                return elements.of_none()


def _fault(one: Element) -> Fault | None:
    if len(one.text) > LINE_LIMIT:
        return _TOO_LONG
    if not isinstance(one.value, dict):
        return _NOT_JSON
    return _REPEATED if one.repeated else None

"""Records of Stripe's import mapping: a JSON object with a member for each imported customer.

`{"1893": {"id": "cus_…", "cards": {"2600": {"id": "card_…"}}}}`: the keys are the customer's and
the card's ids at the former processor (Stripe docs: migrations, PAN import). Each card is a record.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from producer.migrations.errors import FileRefused
from producer.migrations.input.card_data.card_columns import CardColumns
from producer.migrations.input.files.formats import Format
from producer.migrations.input.files.line_blocks import read
from producer.migrations.input.files.size_limits import Bounds
from producer.migrations.input.values.copied_columns import DETAIL_COLUMNS, CopyColumns
from producer.migrations.model.records import Fault, Record
from producer.migrations.texts.reasons import Reason

CUSTOMER, CARDS = "id", "cards"
# Columns of the member names: ids at the former processor.
_OLD_CUSTOMER, _OLD_CARD = "customer before", "card before"
ORIGINS = CopyColumns(_OLD_CUSTOMER, _OLD_CARD, details=DETAIL_COLUMNS)
COLUMNS = (CUSTOMER, CARDS, *ORIGINS.names)
# Maximum characters of one customer, far above any known one: it bounds memory.
_MEMBER_LIMIT = 1 << 20
_CVC = re.compile("cv[cvn]|csc|cid|code", re.I)
_SPACE = " \t\r\n"


def mapping_records(
    stream: BinaryIO,
    wanted: Sequence[str],
    *,
    start_number: int = 1,
    cards: CardColumns | None = None,
) -> Iterator[Record]:
    """The customers' cards from a number on, each a record; or customers, if no cards are wanted.

    Raises:
        FileRefused: the JSON is malformed or truncated: the rest cannot be read.
    """
    number = 0
    for line, name, value, text in _Members(stream):
        if cards is not None and isinstance(value, Mapping):
            cards.check([value.get(CUSTOMER), value.get(CARDS)], thorough=_may_hold_card_data(text))
        for values in _records(name, value, wanted):
            number += 1
            if number >= start_number:
                yield number, line, values


def _may_hold_card_data(text: str) -> bool:
    """Whether a customer's text may hold card data, by its digits or by a name."""
    return CardColumns.may_hold_card_data(text) or _CVC.search(text) is not None


def _records(name: str, value: Any, wanted: Sequence[str]) -> Iterator[Sequence[Any] | Fault]:
    if not isinstance(value, Mapping):
        yield Fault("not_json", "the customer is not a JSON object")
        return
    found = {CUSTOMER: value.get(CUSTOMER), _OLD_CUSTOMER: name}
    if CARDS not in wanted:
        yield [found.get(one) for one in wanted]
        return
    of_customer = value.get(CARDS)
    if not isinstance(of_customer, Mapping) or not of_customer:
        yield Fault("no_card", "the customer has no card", CARDS)
        return
    for old, member in of_customer.items():
        card = member if isinstance(member, Mapping) else {}
        details = {name: card.get(name) for name in DETAIL_COLUMNS}
        record = {**found, **details, CARDS: card.get("id"), _OLD_CARD: old}
        yield [record.get(name) for name in wanted]


class _Members:
    """Iterates over a JSON object's members without holding the object.

    Yields line, name, value, and the value's text.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._feed = iter(_texts(stream))
        self._decoder = json.JSONDecoder()
        self._text = ""
        self._start = 0
        self._at = 0
        # The line at the position up to which line ends were counted.
        self._line, self._counted = 1, 0

    def __iter__(self) -> Iterator[tuple[int, str, Any, str]]:
        self._expect("{")
        if self._next() == "}":
            return
        while True:
            self._next()
            line = self._present_line()
            name = self._value()
            if not isinstance(name, str):
                raise self._broken()
            self._expect(":")
            value = self._value()
            yield line, name, value, self._text[self._start : self._at]
            if self._next() == "}":
                self._at += 1
                if self._next():
                    raise self._broken()
                return
            self._expect(",")

    def _value(self) -> Any:
        while True:
            self._next()
            try:
                start = self._at
                value, self._at = self._decoder.raw_decode(self._text, start)
            except (ValueError, RecursionError):
                if len(self._text) - self._at > _MEMBER_LIMIT or not self._more():
                    raise self._broken() from None
            else:
                self._start = start
                return value

    def _expect(self, sign: str) -> None:
        if self._next() != sign:
            raise self._broken()
        self._at += 1

    def _next(self) -> str:
        """Move to the next character that is no space and return it; "" at the end."""
        while True:
            while self._text[self._at : self._at + 1] in _SPACE and self._at < len(self._text):
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _more(self) -> bool:
        text = next(self._feed, "")
        self._present_line()
        self._text, self._at, self._counted = self._text[self._at :] + text, 0, 0
        return text != ""

    def _present_line(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _broken(self) -> FileRefused:
        line = self._present_line()
        return FileRefused("json_broken", Reason.JSON_BROKEN, line=line)


def _texts(stream: BinaryIO) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
    while chunk := read(stream):
        yield from filter(None, [decoder.decode(chunk)])
    yield from filter(None, [decoder.decode(b"", final=True)])


class MappingReader:
    """Reads Stripe's import mapping."""

    def __init__(self, file: BinaryIO, format_: Format, bounds: Bounds | None = None) -> None:
        self._file = file

    def columns(self) -> tuple[str, ...]:
        """The fixed columns of this form."""
        return COLUMNS

    def records(
        self, wanted: Sequence[str], *, start_number: int = 1, cards: CardColumns | None = None
    ) -> Iterator[Record]:
        """As `mapping_records`."""
        return mapping_records(self._file, wanted, start_number=start_number, cards=cards)

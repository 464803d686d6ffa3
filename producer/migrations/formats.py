"""How a file is written down: CSV, JSON Lines, Stripe's import mapping, Parquet; gzipped or not."""

from __future__ import annotations

import csv
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from producer.migrations.customer_names import customers_alone
from producer.migrations.errors import FileRefused
from producer.migrations.reasons import Reason

_GZIP, _PARQUET, _ZIP = b"\x1f\x8b", b"PAR1", b"PK\x03\x04"
_BOM = "\ufeff"
_OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS = ",;\t"
# What is unpacked of a gzipped head, at most.
_UNPACKED = 4 << 20


class Form(StrEnum):
    """What the bytes are, once unpacked."""

    CSV = "csv"
    JSON_LINES = "jsonl"
    STRIPE_MAPPING = "stripe-mapping"  # {"1893": {"id": "cus_…", "cards": {"2600": {"id": …}}}}
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Format:
    """Found out from a file's first bytes, not from its name."""

    form: Form
    gzipped: bool = False
    delimiter: str = ","


def detect(head: bytes) -> Format:
    """The format of a file that begins so.

    Raises:
        FileRefused: it is none that is known, or in another encoding than UTF-8.
    """
    gzipped = head.startswith(_GZIP)
    data = unpacked(head)
    if data.startswith(_PARQUET) and not gzipped:
        return Format(Form.PARQUET)
    if gzipped and data.startswith(_GZIP):
        raise FileRefused("unknown_format", Reason.GZIP_TWICE)
    if data.startswith(_ZIP):
        raise FileRefused("unknown_format", Reason.ZIPPED)
    if data.startswith(_OTHER_ENCODINGS):
        raise FileRefused("not_utf8", Reason.UTF_16)
    whole = decoded(data).removeprefix(_BOM)
    text = whole.lstrip()
    if not text:
        raise FileRefused("empty_file", Reason.EMPTY)
    if text.startswith("{"):
        form = Form.STRIPE_MAPPING if _begins_a_mapping(text) else Form.JSON_LINES
        return Format(form, gzipped)
    if text.startswith("["):
        raise FileRefused("unknown_format", Reason.JSON_ARRAY)
    if "\n" not in text and "\r" in text:
        raise FileRefused("line_ends", Reason.CR_ALONE)
    lines = whole.split("\n")
    return Format(Form.CSV, gzipped, _delimiter(lines[header_place(lines)]))


def unpacked(head: bytes) -> bytes:
    """The head as it reads, unpacked where it is gzipped."""
    if not head.startswith(_GZIP):
        return head
    try:
        return zlib.decompressobj(wbits=31).decompress(head, _UNPACKED)
    except zlib.error:
        raise FileRefused("gzip_torn", Reason.GZIP_DAMAGED) from None


def decoded(data: bytes) -> str:
    """UTF-8; bytes that are none become lone surrogates, which no check lets pass."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("utf-8", "surrogateescape")


def header_place(lines: Sequence[str]) -> int:
    """Which line is the header: the first that is not blank."""
    return next((place for place, line in enumerate(lines) if line.strip("\ufeff\r \t")), 0)


def header_cells(line: str, delimiter: str) -> list[str]:
    """The names in a header line, spaces around them left out. Raises FileRefused."""
    try:
        cells = next(
            csv.reader([line.removeprefix(_BOM).rstrip("\r")], delimiter=delimiter, strict=True)
        )
    except csv.Error:
        raise FileRefused("header", Reason.HEADER_UNREADABLE) from None
    return [cell.strip() for cell in cells]


def _delimiter(header: str) -> str:
    """The one that makes the most columns of the header."""
    counts = {}
    refused = None
    for one in _DELIMITERS:
        try:
            counts[one] = len(header_cells(header, one))
        except FileRefused as error:
            refused = error
    if refused is not None and max(counts.values(), default=0) < 2:
        raise refused
    best = max(counts, key=lambda one: counts[one])
    if counts[best] < 2 and not customers_alone(header_cells(header, best)):
        raise FileRefused("unknown_format", Reason.NO_HEADER)
    return best


def _begins_a_mapping(text: str) -> bool:
    """Whether the first member's value is a customer with its cards."""
    try:
        decoder = json.JSONDecoder()
        _, end = decoder.raw_decode(text, _after_space(text, 1))
        end = _after_space(text, end)
        if text[end : end + 1] != ":":
            return False
        value: Any = decoder.raw_decode(text, _after_space(text, end + 1))[0]
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and isinstance(value.get("cards"), dict)


def _after_space(text: str, at: int) -> int:
    while text[at : at + 1].isspace():
        at += 1
    return at

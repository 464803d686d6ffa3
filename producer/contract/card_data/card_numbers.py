"""Recognises card numbers and CVCs, which must never enter, in any field, however nested."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from producer.contract.card_data.digit_spellings import (
    MIN_DIGITS,
    Spelled,
    may_hold_number,
    spelled,
)

# Groups of digits; `digit_spellings` has replaced all separators by spaces.
_GROUPED = re.compile(r"[0-9]+(?: +[0-9]+)*")
_DIGITS = re.compile(r"[0-9]+")
_LENGTHS = range(MIN_DIGITS, 20)  # ISO/IEC 7812-1
_CVC_VALUE = re.compile(r"\d{3,4}")
_CVC_NAME = re.compile(r"(?:^|[^a-z])(?:cvc|cvv|csc|cvn|cid)\d?(?:$|[^a-z])|security_?code", re.I)
# One random UUID in 500, and one SHA-256 in 230, contains digits that pass Luhn (counted over
# 20,000 of each): ids that callers generate must not be refused at random.
_GENERATED = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{24,})(?![0-9A-Za-z])",
    re.I,
)
# A random UUID (RFC 9562, version 4), as command ids are. No card number is grouped like one.
_COMMAND_ID = re.compile(
    r"(?<![0-9A-Za-z])[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?![0-9A-Za-z])"
)
_ID_PREFIX = re.compile(r"[A-Za-z]_")  # its end
# Leading digits of payment cards in use (ISO/IEC 7812-1 major industry identifiers 2 to 6). They
# are required only after an id's prefix, so that zero-padded ids such as cus_0000000000000018 pass.
_CARD_INDUSTRIES = "23456"
# A date, optionally followed by a time. No card in use begins with 19 or 20.
_DATE = re.compile(
    r"(?<![0-9])(?:19|20)[0-9]{2}( ?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12][0-9]|3[01])"
    r"(?: ?[0-2][0-9]\1[0-5][0-9](?:\1[0-5][0-9]{1,6})?)?(?![0-9])"
)


_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)  # the sum of the digits of twice each digit


class _Candidate(NamedTuple):
    start: int
    stop: int
    digits: str
    spelled: Spelled
    at: int  # where it begins in `spelled`


def passes_luhn(digits: str) -> bool:
    """Whether the check digit is right (ISO/IEC 7812-1, annex B)."""
    total = sum(map(int, digits[-1::-2])) + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])
    return total % 10 == 0


def looks_like_card_number(text: str) -> bool:
    """Whether the text contains 13 to 19 digits that pass Luhn, also next to other digits.

    Digits may be in any script and grouping (see `digit_spellings`), but letters, a colon, quotes
    or brackets between them end a number.
    """
    return may_hold_number(text) and any(True for _ in _card_numbers(text))


def holds_card_number(key: str) -> bool:
    """Whether an idempotency key, path or query contains a card number.

    Unlike fields, these contain generated ids: UUIDs, digests and timestamps pass.
    """
    if not may_hold_number(key):
        return False
    text = _GENERATED.sub("#", key)
    return may_hold_number(text) and any(
        candidate.digits[0] in _CARD_INDUSTRIES and not _begins_in_date(candidate)
        for candidate in _card_numbers(text)
    )


def mask_card_numbers(text: str) -> str:
    """The text with everything that passes for a card number masked, for logs and dead letters.

    Command ids are kept: the operator must be able to find a command by any line about it.
    """
    if not may_hold_number(text):
        return text
    masked, end = [], 0
    for start, stop in sorted((found.start, found.stop) for found in _card_numbers(text)):
        if _is_in_command_id(text, start, stop):
            continue
        if start >= end:
            masked += [text[end:start], "***"]
        end = max(end, stop)
    return "".join([*masked, text[end:]])


def _is_in_command_id(text: str, start: int, stop: int) -> bool:
    near = _COMMAND_ID.finditer(text, max(start - 36, 0), stop + 36)
    return any(found.start() <= start and stop <= found.end() for found in near)


def _card_numbers(text: str) -> Iterator[_Candidate]:
    """Every run of whole groups of digits that passes for a card number."""
    for reading in spelled(text):
        for run in _GROUPED.finditer(reading.text):
            if run.end() - run.start() < MIN_DIGITS:
                continue
            groups = [found.span() for found in _DIGITS.finditer(reading.text, *run.span())]
            for first, (at, _) in enumerate(groups):
                for digits, end in _numbers(reading.text, groups[first : first + _LENGTHS[-1]]):
                    start = reading.starts[at]
                    if passes_luhn(digits) and _may_be_card(text, start, digits):
                        yield _Candidate(start, reading.stops[end - 1], digits, reading, at)


def _numbers(text: str, groups: Sequence[tuple[int, int]]) -> Iterator[tuple[str, int]]:
    """The joined digits of the first groups, for each length that a card number can have."""
    digits = ""
    for start, end in groups:
        digits += text[start:end]
        if len(digits) > _LENGTHS[-1]:
            return
        if len(digits) in _LENGTHS:
            yield digits, end


def _may_be_card(text: str, start: int, digits: str) -> bool:
    return digits[0] in _CARD_INDUSTRIES or _ID_PREFIX.match(text, max(start - 2, 0)) is None


def _begins_in_date(candidate: _Candidate) -> bool:
    at = candidate.at
    dates = _DATE.finditer(candidate.spelled.text, max(at - 64, 0), at + 64)
    return any(found.start() <= at < found.end() for found in dates)


def looks_like_cvc(text: str) -> bool:
    """Whether the text consists of three or four digits."""
    return _CVC_VALUE.fullmatch(text.strip()) is not None


def named_like_cvc(name: str) -> bool:
    """Whether a field of this name would contain a CVC."""
    return _CVC_NAME.search(name) is not None


def find_card_data(value: Any, field: str = "body") -> str | None:
    """The name of the first field that contains a card number or CVC; None if there is none.

    A field whose name is itself a card number is answered as "body", so as not to echo the name.
    """
    if isinstance(value, Mapping):
        for key, inner in value.items():
            name = str(key)
            if looks_like_card_number(name):
                return "body"
            if named_like_cvc(name) and inner not in (None, ""):
                return name
            found = find_card_data(inner, name)
            if found is not None:
                return found
        return None
    if isinstance(value, str):
        return field if looks_like_card_number(value) or looks_like_cvc(value) else None
    if isinstance(value, Sequence) and not isinstance(value, (bytes, bytearray)):
        return next((f for item in value if (f := find_card_data(item, field))), None)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        text = str(int(value)) if value == value and abs(value) < 1e20 else ""
        return field if looks_like_card_number(text) else None
    return None

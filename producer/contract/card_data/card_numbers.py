"""Recognises what must never enter: card numbers and CVCs, in any field, however nested."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from producer.contract.card_data.digit_spellings import FEWEST, Spelled, may_hold_number, spelled

# Digits in groups, whatever stood between them.
_GROUPED = re.compile(r"[0-9]+(?: +[0-9]+)*")
_DIGITS = re.compile(r"[0-9]+")
_LENGTHS = range(FEWEST, 20)  # ISO/IEC 7812-1
_CVC_VALUE = re.compile(r"\d{3,4}")
_CVC_NAME = re.compile(r"(?:^|[^a-z])(?:cvc|cvv|csc|cvn|cid)\d?(?:$|[^a-z])|security_?code", re.I)
# One random UUID in 500 holds a run of digits that passes Luhn, a SHA-256 one in 230 (counted over
# 20,000 of each): what callers generate must not be refused at random.
_GENERATED = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{24,})(?![0-9A-Za-z])",
    re.I,
)
# A random UUID (RFC 9562, version 4), as command ids are. No card number is grouped like one.
_COMMAND_ID = re.compile(
    r"(?<![0-9A-Za-z])[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?![0-9A-Za-z])"
)
_ID_PREFIX = re.compile(r"[A-Za-z]_")  # its end
# Leading digits of payment cards in use (ISO/IEC 7812-1 major industry identifiers 2 to 6). Asked
# for only behind an id's prefix, so that zero-padded ids such as cus_0000000000000018 pass.
_CARD_INDUSTRIES = "23456"
# A year, month and day, perhaps with a time behind them. No card in use begins with 19 or 20.
_MOMENT = re.compile(
    r"(?<![0-9])(?:19|20)[0-9]{2}( ?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12][0-9]|3[01])"
    r"(?: ?[0-2][0-9]\1[0-5][0-9](?:\1[0-5][0-9]{1,6})?)?(?![0-9])"
)


_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)  # the sum of the digits of twice each digit


class _Candidate(NamedTuple):
    start: int
    stop: int
    digits: str
    spelled: Spelled
    at: int  # where it begins there


def passes_luhn(digits: str) -> bool:
    """Whether the check digit of ISO/IEC 7812-1, annex B, holds."""
    total = sum(map(int, digits[-1::-2])) + sum(_DOUBLED[int(one)] for one in digits[-2::-2])
    return total % 10 == 0


def looks_like_card_number(text: str) -> bool:
    """Whether the text holds 13 to 19 digits that pass Luhn, other digits beside them or not.

    In any script and grouping: `digit_spellings` says which. Not where letters, a colon, quotes or
    brackets stand between the digits.
    """
    return may_hold_number(text) and any(True for _ in _card_numbers(text))


def holds_card_number(key: str) -> bool:
    """Whether an idempotency key, path or query holds a card number.

    Unlike a field, these hold what programs generate: UUIDs, digests and timestamps are let pass.
    """
    if not may_hold_number(key):
        return False
    text = _GENERATED.sub("#", key)
    return may_hold_number(text) and any(
        one.digits[0] in _CARD_INDUSTRIES and not _begins_in_moment(one)
        for one in _card_numbers(text)
    )


def mask_card_numbers(text: str) -> str:
    """The text with whatever passes for a card number masked, for logs and dead letters.

    Ids of commands are kept: an operator must find a command by any line about it.
    """
    if not may_hold_number(text):
        return text
    masked, end = [], 0
    for start, stop in sorted((one.start, one.stop) for one in _card_numbers(text)):
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
    """Where a run of whole groups of digits passes for a card number."""
    for one in spelled(text):
        for run in _GROUPED.finditer(one.text):
            if run.end() - run.start() < FEWEST:
                continue
            groups = [found.span() for found in _DIGITS.finditer(one.text, *run.span())]
            for first, (at, _) in enumerate(groups):
                for digits, end in _numbers(one.text, groups[first : first + _LENGTHS[-1]]):
                    start = one.starts[at]
                    if passes_luhn(digits) and _may_be(text, start, digits):
                        yield _Candidate(start, one.stops[end - 1], digits, one, at)


def _numbers(text: str, groups: Sequence[tuple[int, int]]) -> Iterator[tuple[str, int]]:
    """The digits of the first groups together, where they are as many as a card number's."""
    digits = ""
    for start, end in groups:
        digits += text[start:end]
        if len(digits) > _LENGTHS[-1]:
            return
        if len(digits) in _LENGTHS:
            yield digits, end


def _may_be(text: str, start: int, digits: str) -> bool:
    return digits[0] in _CARD_INDUSTRIES or _ID_PREFIX.match(text, max(start - 2, 0)) is None


def _begins_in_moment(one: _Candidate) -> bool:
    moments = _MOMENT.finditer(one.spelled.text, max(one.at - 64, 0), one.at + 64)
    return any(found.start() <= one.at < found.end() for found in moments)


def looks_like_cvc(text: str) -> bool:
    """Whether the text is nothing but three or four digits."""
    return _CVC_VALUE.fullmatch(text.strip()) is not None


def named_like_cvc(name: str) -> bool:
    """Whether a field of this name would hold a CVC."""
    return _CVC_NAME.search(name) is not None


def find_card_data(value: Any, field: str = "body") -> str | None:
    """The name of the first field that holds a card number or CVC; None where there is none.

    A field's name that is itself a card number is answered as "body", so as not to echo it.
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

"""Compact frames of row results, which Redis keeps for reports on other machines.

A frame holds rows in ascending order: state, attempts, and the other fields that are set. Row
numbers and times (ms) are stored as differences, Stripe's ids with six bits a character. Fields
that can be derived are left out: the command's id, and a card that the row itself names.
"""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from re import ASCII
from re import compile as pattern

from producer.migrations.input.rows.ids import command_id
from producer.migrations.model.rows import RowResult, RowState

SAME_CARD = "="
"""Value of `card_id` for the card that the row names."""

_PLAIN, _DEFLATED = b"\x01", b"\x02"
_ACCEPTED, _FINISHED, _SENT, _HAS_TEXT = 1 << 4, 1 << 5, 1 << 6, 1 << 7
_NOTHING, _EMPTY_OR_SAME, _TEXT = 0, 1, 2
_MANY = 15  # from here on, attempts are written as a separate number
_PREFIXES = ("", "card_", "pm_", "src_", "ba_", "tok_", "cus_", "")  # the last: any text
_ANY = len(_PREFIXES) - 1
_SIXBIT = pattern(r"[A-Za-z0-9_-]{0,31}", ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The recorded outcome of a row, and the card or token that the row names."""

    result: RowResult
    object_id: str = ""


def packed(rows: Sequence[Recorded]) -> bytes:
    """A frame of the rows, which must be in ascending order."""
    out = bytearray()
    any_text = False
    number = at = 0
    for one in rows:
        result = one.result
        accepted, finished = _millis(result.accepted_at), _millis(result.finished_at)
        has_text = bool(result.code or result.message)
        card, card_text = _encoded_card(one)
        before = _NOTHING if result.before is None else _TEXT if result.before else _EMPTY_OR_SAME
        first = int(result.state)
        first |= _ACCEPTED * (accepted is not None) | _FINISHED * (finished is not None)
        first |= _SENT * bool(result.command_id) | _HAS_TEXT * has_text
        out.append(first)
        out.append(card | before << 2 | min(result.attempts, _MANY) << 4)
        if result.attempts >= _MANY:
            _put(out, result.attempts)
        _put(out, result.number - number)
        number = result.number
        for time in (accepted, finished):
            if time is not None:
                _put(out, _zigzag(time - at))
                at = time
        if card == _TEXT:
            _put_text(out, card_text)
        if before == _TEXT:
            _put_text(out, result.before or "")
        if has_text:
            any_text = True
            _put_text(out, result.code)
            _put_text(out, result.message)
    plain = bytes(out)
    small = zlib.compress(plain, 6) if any_text else plain
    return _DEFLATED + small if len(small) < len(plain) else _PLAIN + plain


def unpacked(migration: str, frame: bytes) -> list[RowResult]:
    """The rows of a frame. Raises ValueError if the bytes are no frame."""
    body = frame[1:]
    try:
        if frame[:1] == _DEFLATED:
            body = zlib.decompress(body)
        elif frame[:1] != _PLAIN:
            raise ValueError("no frame of results")
        return list(_rows(migration, body))
    except (IndexError, OverflowError, zlib.error) as error:
        raise ValueError("a damaged frame of results") from error


def _rows(migration: str, body: bytes) -> Iterator[RowResult]:
    read = _Reader(body)
    number = at = 0
    while not read.done:
        first, second = read.byte(), read.byte()
        attempts = second >> 4
        if attempts == _MANY:
            attempts = read.number()
        number += read.number()
        times: list[datetime | None] = []
        for there in (_ACCEPTED, _FINISHED):
            if first & there:
                at += _unzigzag(read.number())
            times.append(_EPOCH + at * _MS if first & there else None)
        card, before = second & 3, second >> 2 & 3
        result = RowResult(
            number,
            RowState(first & 15),
            command_id=command_id(migration, number) if first & _SENT else "",
            card_id=read.text() if card == _TEXT else SAME_CARD if card else "",
            attempts=attempts,
            accepted_at=times[0],
            finished_at=times[1],
            before=read.text() if before == _TEXT else "" if before else None,
        )
        if first & _HAS_TEXT:
            result = replace(result, code=read.text(), message=read.text())
        yield result


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    @property
    def done(self) -> bool:
        return self._at >= len(self._body)

    def byte(self) -> int:
        self._at += 1
        return self._body[self._at - 1]

    def number(self) -> int:
        value = shift = 0
        while True:
            part = self.byte()
            value |= (part & 127) << shift
            if part < 128:
                return value
            shift += 7

    def text(self) -> str:
        head = self.byte()
        prefix, size = head >> 5, head & 31
        if prefix == _ANY:
            return self._bytes(self.number()).decode("utf-8", "surrogatepass")
        bits = self._bytes((size * 3 + 3) // 4)
        padded = bits + b"\0" * (-len(bits) % 3)
        return _PREFIXES[prefix] + urlsafe_b64encode(padded).decode()[:size]

    def _bytes(self, size: int) -> bytes:
        self._at += size
        if self._at > len(self._body):
            raise IndexError
        return self._body[self._at - size : self._at]


def _encoded_card(one: Recorded) -> tuple[int, str]:
    card = one.result.card_id
    if not card:
        return _NOTHING, ""
    if card in (SAME_CARD, one.object_id):
        return _EMPTY_OR_SAME, ""
    return _TEXT, card


def _put(out: bytearray, value: int) -> None:
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)


def _put_text(out: bytearray, text: str) -> None:
    prefix = next((n for n in range(1, _ANY) if text.startswith(_PREFIXES[n])), 0)
    rest = text[len(_PREFIXES[prefix]) :]
    if _SIXBIT.fullmatch(rest) is None:
        whole = text.encode("utf-8", "surrogatepass")
        out.append(_ANY << 5)
        _put(out, len(whole))
        out += whole
        return
    out.append(prefix << 5 | len(rest))
    bits = urlsafe_b64decode(rest + "A" * (-len(rest) % 4))
    out += bits[: (len(rest) * 3 + 3) // 4]


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _unzigzag(value: int) -> int:
    return -(value + 1 >> 1) if value & 1 else value >> 1


def _millis(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // _MS

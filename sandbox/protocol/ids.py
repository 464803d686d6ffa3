"""Object ids shaped like Stripe's, unique across restarts of the sandbox."""

from __future__ import annotations

import itertools
import time

ACCOUNT = "KZ4xUzN2TP"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def base62(number: int, width: int) -> str:
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _ALPHABET[digit] + digits
    return digits.rjust(width, "0")


class Ids:
    """Generates ids; the start time in them makes two sandboxes' ids differ."""

    def __init__(self) -> None:
        self._epoch = base62(time.time_ns() // 1_000_000, 8)[-8:]
        self._numbers = itertools.count(1)

    def new(self, prefix: str) -> str:
        """`card_1…`, 24 characters after the prefix, as newer Stripe ids have."""
        return f"{prefix}_1{self._epoch}{ACCOUNT}{base62(next(self._numbers), 5)}"

    def short(self, prefix: str) -> str:
        """`cus_…`, `req_…`: 14 characters after the prefix."""
        return f"{prefix}_{self._epoch}{base62(next(self._numbers), 6)}"

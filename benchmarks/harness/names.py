"""Names that no two commands share."""

from __future__ import annotations

from uuid import uuid4

# A random hexadecimal name may look like a card number, which is refused.
_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def fresh_name() -> str:
    """Only letters, as many as Stripe's customer ids have after `cus_`."""
    return uuid4().hex.translate(_LETTERS)[:14]


def fresh_customer() -> str:
    """A customer that the sandbox creates when it is first read."""
    return f"cus_{fresh_name()}"

"""Names that no two commands share."""

from __future__ import annotations

from uuid import uuid4

# Now and then a random hexadecimal name looks like a card number, and is refused.
_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def fresh_name() -> str:
    """Letters alone, as many as Stripe's customer ids have behind `cus_`."""
    return uuid4().hex.translate(_LETTERS)[:14]


def fresh_customer() -> str:
    """A customer whom the stand-in makes up when it is asked for."""
    return f"cus_{fresh_name()}"

"""What people call the column of a customer, as `plain` has the names."""

from __future__ import annotations

from collections.abc import Sequence

from producer.migrations.copied import NEW_CUSTOMER, plain

# The new customer before any other: where there are two, the old one is of another account.
CUSTOMER_NAMES = (
    "userid", "user_id", NEW_CUSTOMER, "stripe_customer_id", "customer_id", "customer", "id",
)  # fmt: skip
# Of rows that were worth another run: `errors.csv`.
_WHY = frozenset({"state", "code", "message"})


def customer_column(columns: Sequence[str]) -> str:
    """The column of the customer; "" where none is called like it."""
    by_name = {plain(name): name for name in reversed(columns)}
    return next((by_name[name] for name in CUSTOMER_NAMES if name in by_name), "")


def customers_alone(columns: Sequence[str]) -> bool:
    """Whether the columns are a customer, and nothing else that means anything."""
    told = [name for name in columns if plain(name) not in _WHY]
    return len(told) == 1 and plain(told[0]) in CUSTOMER_NAMES

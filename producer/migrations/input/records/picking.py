"""Picks the wanted values of a record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any


def picker(places: Sequence[int]) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """A function that picks the values at these positions, always as a sequence."""
    if len(places) == 1:
        (place,) = places
        return lambda values: (values[place],)
    picked: Callable[[Sequence[Any]], Sequence[Any]] = itemgetter(*places)
    return picked

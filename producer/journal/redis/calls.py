"""A call of the journal: what to send to Redis, and how to parse its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One atomic operation: a script by name, or plain commands run as a transaction.

    A `durable` call succeeds only once as many replicas have it as the settings demand.
    """

    parse: Callable[[Any], T]
    script: str | None = None
    args: Sequence[str | int | bytes] = ()
    commands: Sequence[tuple[str | int, ...]] = ()
    durable: bool = False


def scored(answer: Any) -> list[tuple[str, float]]:
    """Members of a sorted set with their scores, as either RESP version answers them."""
    if answer and isinstance(answer[0], (tuple, list)):
        return [(str(name), float(score)) for name, score in answer]
    return [(str(n), float(s)) for n, s in zip(answer[::2], answer[1::2], strict=True)]


def pairs_to_dict(flat: Sequence[str]) -> dict[str, str]:
    """A hash from a script's flat answer."""
    return dict(zip(flat[::2], flat[1::2], strict=True))

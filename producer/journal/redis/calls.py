"""A call of the journal: what to ask Redis, and how to read its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One atomic operation: a script by name, or plain commands run together as a transaction.

    A `durable` one counts only once it is on as many replicas as the settings demand.
    """

    parse: Callable[[Any], T]
    script: str | None = None
    args: Sequence[str | int | bytes] = ()
    commands: Sequence[tuple[str | int, ...]] = ()
    durable: bool = False


def scored(answer: Any) -> list[tuple[str, float]]:
    """Members of a sorted set with their scores, as either version of the protocol answers them."""
    if answer and isinstance(answer[0], (tuple, list)):
        return [(str(name), float(score)) for name, score in answer]
    return [(str(n), float(s)) for n, s in zip(answer[::2], answer[1::2], strict=True)]


def pairs_to_dict(flat: Sequence[str]) -> dict[str, str]:
    """A hash as a script answers it."""
    return dict(zip(flat[::2], flat[1::2], strict=True))

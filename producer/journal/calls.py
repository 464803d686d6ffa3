"""A call of the journal: what to ask Redis, and how to read its answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Generic, TypeVar

from producer.journal import keys

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script: its text and the SHA-1 Redis knows it by."""

    text: str
    sha: str


@cache
def script(name: str) -> Script:
    """The script of that name, behind the key names and what all scripts share."""
    folder = files("producer.journal") / "lua"
    names = ("ledger", "common", "limits", "grants", name)
    parts = [(folder / f"{part}.lua").read_text("utf-8") for part in names]
    text = keys.lua_preamble() + "\n".join(parts)
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One atomic operation: a script by name, or plain commands run together as a transaction."""

    parse: Callable[[Any], T]
    script: str | None = None
    args: Sequence[str | int] = ()
    commands: Sequence[tuple[str | int, ...]] = ()


def pairs_to_dict(flat: Sequence[str]) -> dict[str, str]:
    """A hash as a script answers it."""
    return dict(zip(flat[::2], flat[1::2], strict=True))

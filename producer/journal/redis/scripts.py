"""The Lua scripts, each preceded by the key names and helpers that it uses."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from producer.journal.redis import keys

# In this order: later files use earlier ones.
_SHARED = ("migration_rows", "common", "superseding", "rate_limit", "grants")
_BLOCK = re.compile(r"^(?=local )", re.MULTILINE)
_NAMES = re.compile(r"local (?:function )?([\w, ]+)")
_BUFFERED = re.compile(r"\b(count|leave_queue|raise_high_water|note_attempted)\(")
_ONCE = "local answer = run(ARGV)\n"
_MANY = """
local answer, at = {}, 1
while at <= #ARGV do
  local args = {}
  for i = 1, tonumber(ARGV[at]) do args[i] = ARGV[at + i] end
  at = at + #args + 1
  local done, result = pcall(run, args)
  if not done and type(result) ~= 'table' then result = {err = 'ERR ' .. tostring(result)} end
  if result == nil then result = false end
  answer[#answer + 1] = result
end
"""
_COMMENT = re.compile(r"^ *--.*\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script: its text, and the SHA-1 by which Redis knows it."""

    text: str
    sha: str


@cache
def script(name: str, namespace: str = "") -> Script:
    """The script of that name, with the helpers it uses and no others.

    Redis creates each helper anew whenever a script runs: all of them together were half of the
    cost of accepting a command.
    """
    return _assembled(name, namespace, _ONCE)


@cache
def script_of_many(name: str, namespace: str = "") -> Script:
    """The same script for several calls at once; each is preceded by the number of its arguments.

    Answers a list with the answer or the error of each call; an error does not affect the others.
    """
    return _assembled(name, namespace, _MANY)


def _assembled(name: str, namespace: str, ending: str) -> Script:
    texts = sources()
    shared = keys.lua_preamble(namespace) + "".join(_read(texts[part]) for part in _SHARED)
    blocks = _BLOCK.split(shared)
    body = f"local function run(ARGV)\n{_read(texts[name])}end\n"
    # Only where the script buffers something.
    flush = "write_buffered()\n" if _BUFFERED.search(_with_used(blocks, body)) else ""
    text = _with_used(blocks, f"{body}{ending}{flush}return answer\n")
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


@cache
def sources() -> dict[str, Traversable]:
    """The files of `lua/` by name: the scripts, and in `lib/` what they share."""
    folders = (files("producer.journal") / "lua").iterdir()
    return {
        file.name.removesuffix(".lua"): file
        for folder in folders
        if folder.is_dir()
        for file in folder.iterdir()
        if file.name.endswith(".lua")
    }


def _read(file: Traversable) -> str:
    return _COMMENT.sub("", file.read_text("utf-8"))


def _with_used(blocks: Sequence[str], text: str) -> str:
    """The text, preceded by those blocks (definitions of locals) whose names occur after them."""
    for block in reversed(blocks):
        found = _NAMES.match(block)
        names = re.findall(r"\w+", found[1]) if found else []
        if any(re.search(rf"\b{name}\b", text) for name in names):
            text = block + text
    return text

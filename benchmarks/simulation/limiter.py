"""The product's own `lua/limits.lua`, run in this process at any simulated time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lupa.lua51 import LuaRuntime  # type: ignore[import-untyped]

from producer.contract import Lane
from producer.journal import Limits
from producer.journal.leases.limits import ACCOUNT
from producer.journal.redis.endpoints import Endpoint
from producer.journal.redis.scripts import sources

# The Redis commands that limits.lua uses, on tables; values are strings, as in Redis.
_REDIS = """
local hashes = {}
local KEY_LIMIT = ''
local function int(n) return string.format('%.0f', n) end
local function text(value)
  return type(value) == 'number' and string.format('%.17g', value) or value
end
local commands = {
  HMGET = function(row, ...)
    local found = {}
    for i = 1, select('#', ...) do found[i] = row[select(i, ...)] or false end
    return found
  end,
  HSET = function(row, ...)
    for i = 1, select('#', ...), 2 do row[select(i, ...)] = text((select(i + 1, ...))) end
  end,
  HINCRBY = function(row, field, by) row[field] = text((tonumber(row[field]) or 0) + by) end,
}
local redis = {}
function redis.call(name, key, ...)
  hashes[key] = hashes[key] or {}
  return commands[name](hashes[key], ...)
end
"""
_USE = """
return function(...) return reserve_send_time(...) end,
  function(...) return slow_down(...) end,
  function(scope, now)
    local row = hashes[scope] or {}
    return factor_of(row.factor, row.since, now)
  end
"""


# The start of simulated time on Redis's clock, for which a time near 0 is long past.
_EPOCH_MS = 1e9


@dataclass(frozen=True, slots=True)
class Place:
    """When a request may be sent; or, with `at` None, when to ask again. Milliseconds."""

    at: float | None
    again: float = 0.0


class LuaLimiter:
    """One account's rate limiter. `source` replaces the product's script, to try another."""

    def __init__(self, limits: Limits, source: str | None = None) -> None:
        lua: Any = LuaRuntime(unpack_returned_tuples=True)
        text = source if source is not None else limiter_source()
        self._book, self._slow_down, self._factor = lua.execute(_REDIS + text + _USE)
        self._argument = limits.argument

    def book(
        self,
        lane: Lane,
        endpoint: Endpoint,
        now_ms: float,
        ahead_ms: float | None = None,
    ) -> Place:
        """Ask for a send time, as `claim_next_command` and `reserve` do."""
        now = _EPOCH_MS + now_ms
        answer = self._book(self._argument, lane.value, endpoint.value, now, ahead_ms)
        if isinstance(answer, tuple):
            return Place(None, answer[1] - _EPOCH_MS)
        # Rounding must not move it into the past.
        return Place(max(now_ms, answer - _EPOCH_MS))

    def slow_down(self, now_ms: float, scope: str = ACCOUNT) -> None:
        """Report that Stripe refused a request of the scope with a limiter's 429."""
        self._slow_down(scope, _EPOCH_MS + now_ms)

    def factor(self, now_ms: float, scope: str = ACCOUNT) -> float:
        """The remaining share of the scope's rate, 0 to 1."""
        return float(self._factor(scope, _EPOCH_MS + now_ms))


def limiter_source() -> str:
    """The product's script, without what it shares with other scripts."""
    text = sources()["limits"].read_text("utf-8")
    return text.partition("-- The endpoint of a command's write")[0]

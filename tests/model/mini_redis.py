"""The Redis commands of the journal's scripts, over values that can be stored and compared.

Lua runs the product's own scripts here as in Redis, so the model explores them rather than a copy.
`test_mini_redis.py` compares every command with a real Valkey. The clock stands still; time passes
when the model rewrites a time to one long ago.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from lupa.lua51 import LuaRuntime  # type: ignore[import-untyped]

from producer.journal.redis.scripts import script

NOW_MS = 1_800_000_000_000
LONG_AGO = "1"

Answer: TypeAlias = str | int | list["Answer"] | None


class Value(NamedTuple):
    """One key's value, frozen: its type, its parts in a fixed order, and its time to live."""

    type: str
    parts: tuple[Any, ...]
    ttl_ms: int | None = None


Frozen: TypeAlias = Mapping[str, Value]


class MiniRedis:
    """A keyspace. A value is thawed on its first access, and frozen again by `freeze`."""

    def __init__(self, frozen: Frozen | None = None) -> None:
        self._frozen: dict[str, Value] = dict(frozen or {})
        self._touched: dict[str, Any] = {}
        self._ttl: dict[str, int | None] = {}

    def freeze(self) -> dict[str, Value]:
        """The keyspace as comparable values."""
        for key, value in self._touched.items():
            ttl = self._ttl.get(key)
            if value is None or value == {} or value == []:
                self._frozen.pop(key, None)
            elif isinstance(value, str):
                self._frozen[key] = Value("string", (value,), ttl)
            elif isinstance(value, list):
                self._frozen[key] = Value("list", tuple(value), ttl)
            elif isinstance(value, _SortedSet):
                self._frozen[key] = Value("zset", tuple(sorted(value.items())), ttl)
            else:
                self._frozen[key] = Value("hash", tuple(sorted(value.items())), ttl)
        self._touched.clear()
        self._ttl.clear()
        return self._frozen

    def call(self, name: str, *args: str) -> Answer:
        """Run one command. Arguments are strings, as on the wire."""
        return _COMMANDS[name](self, *args)

    def members(self, key: str) -> Any:
        """The members of a list or sorted set, to read or change."""
        return self._get(key) or []

    def _get(self, key: str, make: Callable[[], Any] | None = None) -> Any:
        if key not in self._touched:
            frozen = self._frozen.get(key)
            if frozen is None:
                if make is None:
                    return None
                self._touched[key], self._ttl[key] = None, None
            else:
                self._touched[key], self._ttl[key] = _thaw(frozen), frozen.ttl_ms
        if self._touched[key] is None and make is not None:
            self._touched[key], self._ttl[key] = make(), None
        value = self._touched[key]
        return None if value in ({}, []) and make is None else value

    def _put(self, key: str, value: str, ttl_ms: int | None) -> None:
        self._touched[key], self._ttl[key] = value, ttl_ms

    def _time(self) -> Answer:
        return [str(NOW_MS // 1000), str(NOW_MS % 1000 * 1000)]

    def _set(self, key: str, value: str, *options: str) -> Answer:
        if "NX" in options and self._get(key) is not None:
            return None
        self._get(key)
        kept = self._ttl.get(key) if "KEEPTTL" in options else None
        self._put(key, value, int(options[1]) if "PX" in options else kept)
        return "OK"

    def _append(self, key: str, value: str) -> Answer:
        longer = (self._get(key) or "") + value
        self._put(key, longer, self._ttl.get(key))
        return len(longer)

    def _pttl(self, key: str) -> Answer:
        if self._get(key) is None:
            return -2
        return -1 if self._ttl[key] is None else self._ttl[key]

    def _get_string(self, key: str) -> Answer:
        value: str | None = self._get(key)
        return value

    def _incr(self, key: str) -> Answer:
        raised = int(self._get(key) or 0) + 1
        self._put(key, str(raised), self._ttl.get(key))
        return raised

    def _del(self, *keys: str) -> Answer:
        existed = sum(self._get(key) is not None for key in keys)
        for key in keys:
            self._touched[key], self._ttl[key] = None, None
        return existed

    def _exists(self, key: str) -> Answer:
        return int(self._get(key) is not None)

    def _pexpire(self, key: str, milliseconds: str, *options: str) -> Answer:
        if self._get(key) is None:
            return 0
        present = self._ttl[key]
        if options == ("GT",) and (present is None or present >= int(milliseconds)):
            return 0
        self._ttl[key] = int(milliseconds)
        return 1

    def _persist(self, key: str) -> Answer:
        if self._get(key) is None or self._ttl[key] is None:
            return 0
        self._ttl[key] = None
        return 1

    def _hset(self, key: str, *pairs: str) -> Answer:
        row = self._get(key, dict)
        new = {*pairs[::2]} - row.keys()
        row.update(zip(pairs[::2], pairs[1::2], strict=True))
        return len(new)

    def _hsetnx(self, key: str, field: str, value: str) -> Answer:
        row = self._get(key, dict)
        if field in row:
            return 0
        row[field] = value
        return 1

    def _hget(self, key: str, field: str) -> Answer:
        value: str | None = (self._get(key) or {}).get(field)
        return value

    def _hmget(self, key: str, *fields: str) -> Answer:
        row = self._get(key) or {}
        return [row.get(field) for field in fields]

    def _hgetall(self, key: str) -> Answer:
        return [part for pair in sorted((self._get(key) or {}).items()) for part in pair]

    def _hdel(self, key: str, *fields: str) -> Answer:
        row = self._get(key) or {}
        return sum(row.pop(field, None) is not None for field in fields)

    def _hexists(self, key: str, field: str) -> Answer:
        return int(field in (self._get(key) or {}))

    def _hincrby(self, key: str, field: str, by: str) -> Answer:
        row = self._get(key, dict)
        row[field] = str(int(row.get(field, 0)) + int(by))
        return int(row[field])

    def _zadd(self, key: str, *rest: str) -> Answer:
        *options, score, member = rest
        scores = self._get(key, _SortedSet)
        new = member not in scores
        if new or options != ["NX"]:
            scores[member] = float(score)
        return int(new)

    def _zrem(self, key: str, *members: str) -> Answer:
        scores = self._get(key) or {}
        return sum(scores.pop(member, None) is not None for member in members)

    def _zscore(self, key: str, member: str) -> Answer:
        score = (self._get(key) or {}).get(member)
        return None if score is None else _number(score)

    def _zrange(self, key: str, start: str, stop: str, *options: str) -> Answer:
        ranked = self._ranked(key)
        first, last = int(start), int(stop)
        chosen = ranked[first : len(ranked) if last == -1 else last + 1]
        if options:
            return [part for score, member in chosen for part in (member, _number(score))]
        return [member for _, member in chosen]

    def _zrangebyscore(self, key: str, low: str, high: str, *limit: str) -> Answer:
        members = [member for score, member in self._ranked(key) if _within(score, low, high)]
        if not limit:
            return list(members)
        offset, count = int(limit[1]), int(limit[2])
        return list(members[offset : offset + count])

    def _zremrangebyscore(self, key: str, low: str, high: str) -> Answer:
        scores = self._get(key) or {}
        gone = [member for member, score in scores.items() if _within(score, low, high)]
        for member in gone:
            del scores[member]
        return len(gone)

    def _lpush(self, key: str, value: str) -> Answer:
        items = self._get(key, list)
        items.insert(0, value)
        return len(items)

    def _llen(self, key: str) -> Answer:
        return len(self._get(key) or [])

    def _publish(self, _channel: str, _message: str) -> Answer:
        return 0  # the model has no subscribers

    def _ranked(self, key: str) -> list[tuple[float, str]]:
        return sorted((score, member) for member, score in (self._get(key) or {}).items())


class _SortedSet(dict[str, float]):
    """Scores by member."""


def _thaw(frozen: Value) -> Any:
    match frozen.type:
        case "string":
            return frozen.parts[0]
        case "list":
            return list(frozen.parts)
        case "zset":
            return _SortedSet(frozen.parts)
        case _:
            return dict(frozen.parts)


def _number(score: float) -> str:
    return str(int(score)) if score == int(score) else repr(score)


def _within(score: float, low: str, high: str) -> bool:
    if low.startswith("(") or high.startswith("("):
        above = score > float(low[1:]) if low.startswith("(") else score >= float(low)
        return above and (score < float(high[1:]) if high.startswith("(") else score <= float(high))
    return float(low) <= score <= float(high)


_COMMANDS: dict[str, Callable[..., Answer]] = {
    "TIME": MiniRedis._time,
    "SET": MiniRedis._set,
    "GET": MiniRedis._get_string,
    "APPEND": MiniRedis._append,
    "PTTL": MiniRedis._pttl,
    "INCR": MiniRedis._incr,
    "DEL": MiniRedis._del,
    "EXISTS": MiniRedis._exists,
    "PEXPIRE": MiniRedis._pexpire,
    "PERSIST": MiniRedis._persist,
    "HSET": MiniRedis._hset,
    "HSETNX": MiniRedis._hsetnx,
    "HGET": MiniRedis._hget,
    "HMGET": MiniRedis._hmget,
    "HGETALL": MiniRedis._hgetall,
    "HDEL": MiniRedis._hdel,
    "HEXISTS": MiniRedis._hexists,
    "HINCRBY": MiniRedis._hincrby,
    "ZADD": MiniRedis._zadd,
    "ZREM": MiniRedis._zrem,
    "ZSCORE": MiniRedis._zscore,
    "ZRANGE": MiniRedis._zrange,
    "ZRANGEBYSCORE": MiniRedis._zrangebyscore,
    "ZREMRANGEBYSCORE": MiniRedis._zremrangebyscore,
    "LPUSH": MiniRedis._lpush,
    "LLEN": MiniRedis._llen,
    "PUBLISH": MiniRedis._publish,
}
COMMANDS = frozenset(_COMMANDS)


class Scripts:
    """Runs the journal's Lua scripts on a `MiniRedis`."""

    def __init__(self) -> None:
        self._lua: Any = LuaRuntime(unpack_returned_tuples=True)
        self._table = self._lua.table_from
        self._on: MiniRedis = MiniRedis()
        self._functions: dict[str, Any] = {}
        self._lua.globals().redis = self._table({"call": self._call, "pcall": self._call})
        # No data is damaged here: an error is a bug of the model, and must not be caught.
        self._lua.globals().pcall = self._lua.eval("function(f) return true, f() end")

    def run(self, name: str, args: Sequence[str | int | bytes], on: MiniRedis) -> Answer:
        """Run the script of that name, and return the answer that a client would get."""
        function = self._functions.get(name)
        if function is None:
            text = f"function(ARGV) local KEYS = {{}}\n{script(name).text}\nend"
            function = self._functions[name] = self._lua.eval(text)
        self._on = on
        return _to_client(function(self._table([_given(arg) for arg in args])))

    def _call(self, name: str, *args: Any) -> Any:
        return self._to_lua(self._on.call(name, *map(_argument, args)))

    def _to_lua(self, answer: Answer) -> Any:
        # Redis passes nil to a script as false.
        if answer is None:
            return False
        if isinstance(answer, list):
            return self._table([False if part is None else part for part in answer])
        return answer


def _argument(value: Any) -> str:
    """An argument as Redis gets it from a script: numbers with at most 17 digits."""
    return f"{value:.17g}" if isinstance(value, float) else str(value)


def _given(arg: str | int | bytes) -> str:
    return arg.decode("latin-1") if isinstance(arg, bytes) else str(arg)


def _to_client(value: Any) -> Answer:
    if value is None or value is False:
        return None
    if isinstance(value, bool | int | float):
        return int(value)
    if isinstance(value, str):
        return value
    return [_to_client(value[i]) for i in range(1, len(value) + 1)]

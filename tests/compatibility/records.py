"""A Redis database's contents as JSON, and writing them again as if they were recorded just now.

Bytes are kept as Latin-1 text. Times within some days of the recording, in seconds or milliseconds,
move with it: leases, due times and keys have the age they had.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import redis

Kept = dict[str, Any]
_NEAR_MS = 3 * 86_400_000
_NUMBER = re.compile(r"(?<![\w.-])([0-9]{10}|[0-9]{13})(?=\.[0-9]|(?![\w.-]))")


def recorded(client: redis.Redis) -> Kept:
    """Every key with its value and remaining lifetime (ms), and the server's time (ms)."""
    keys = {}
    for name in sorted(client.scan_iter()):
        kind = _text(client.type(name))
        left = client.pttl(name)
        keys[_text(name)] = {"type": kind, "value": _READ[kind](client, name)}
        if left >= 0:
            keys[_text(name)]["left_ms"] = left
    return {"at_ms": now_ms(client), "keys": keys}


def restore(kept: Kept, client: redis.Redis) -> None:
    """Write a recording, as if it had been made just now."""
    moved = Moved(kept["at_ms"], now_ms(client))
    with client.pipeline() as pipe:
        for name, one in kept["keys"].items():
            key = moved.text(name).encode("latin-1")
            _WRITE[one["type"]](pipe, key, moved, one["value"])
            if "left_ms" in one:
                pipe.pexpire(key, one["left_ms"])
        pipe.execute()


def now_ms(client: redis.Redis) -> int:
    """The server's time (ms)."""
    seconds, microseconds = client.time()
    return int(seconds * 1000 + microseconds // 1000)


class Moved:
    """Moves the times in texts and numbers."""

    def __init__(self, recorded_ms: int, now_ms: int) -> None:
        self._recorded_ms, self._by_ms = recorded_ms, now_ms - recorded_ms

    def text(self, text: str) -> str:
        """The text with moved times; its length does not change."""
        return _NUMBER.sub(lambda found: self._number(found[1]), text)

    def score(self, score: float) -> float:
        """The score, moved if it is a time."""
        for unit in (1, 1000):
            if abs(score * unit - self._recorded_ms) < _NEAR_MS:
                return score + self._by_ms / unit
        return score

    def _number(self, digits: str) -> str:
        unit = 1 if len(digits) == 13 else 1000
        if abs(int(digits) * unit - self._recorded_ms) >= _NEAR_MS:
            return digits
        return str(int(digits) + self._by_ms // unit)


def _text(value: Any) -> str:
    assert isinstance(value, bytes)
    return value.decode("latin-1")


def _bytes(moved: Moved, text: str) -> bytes:
    return moved.text(text).encode("latin-1")


_READ: dict[str, Callable[[Any, bytes], Any]] = {
    "string": lambda client, key: _text(client.get(key)),
    "list": lambda client, key: [_text(one) for one in client.lrange(key, 0, -1)],
    "set": lambda client, key: sorted(_text(one) for one in client.smembers(key)),
    "hash": lambda client, key: {
        _text(k): _text(v) for k, v in sorted(client.hgetall(key).items())
    },
    "zset": lambda client, key: [
        [_text(one), score] for one, score in client.zrange(key, 0, -1, withscores=True)
    ],
}
_WRITE: dict[str, Callable[[Any, bytes, Moved, Any], None]] = {
    "string": lambda pipe, key, moved, value: pipe.set(key, _bytes(moved, value)),
    "list": lambda pipe, key, moved, value: pipe.rpush(key, *(_bytes(moved, v) for v in value)),
    "set": lambda pipe, key, moved, value: pipe.sadd(key, *(_bytes(moved, v) for v in value)),
    "hash": lambda pipe, key, moved, value: pipe.hset(
        key, mapping={k.encode("latin-1"): _bytes(moved, v) for k, v in value.items()}
    ),
    "zset": lambda pipe, key, moved, value: pipe.zadd(
        key, {_bytes(moved, member): moved.score(score) for member, score in value}
    ),
}

"""The model's Redis answers like a real Valkey, so that the model cannot drift from it."""

from __future__ import annotations

import re
from typing import Any

import pytest
import redis

from producer.contract import CommandKind, Envelope, State, parse_command
from producer.journal import End, accept, claim, claim_next, complete, sweep
from producer.journal.redis.scripts import script
from tests.model.mini_redis import COMMANDS, MiniRedis, Scripts

_SCRIPTS = (
    "accept", "cancel", "claim", "claim_next", "complete", "note_event", "refuse", "renew",
    "replay", "sweep",
)  # fmt: skip

SEQUENCES: list[list[tuple[str, ...]]] = [
    [("SET", "s", "1"), ("GET", "s"), ("INCR", "s"), ("INCR", "n"), ("GET", "n"), ("GET", "no")],
    [("SET", "s", "v", "PX", "60000"), ("PERSIST", "s"), ("PERSIST", "s"), ("PERSIST", "no")],
    [("SET", "s", "v"), ("PEXPIRE", "s", "60000"), ("PEXPIRE", "no", "60000"), ("PERSIST", "s")],
    [("EXISTS", "k"), ("SET", "k", "v"), ("EXISTS", "k"), ("DEL", "k", "no"), ("DEL", "k")],
    [
        ("HSET", "h", "a", "1", "b", "2"),
        ("HSET", "h", "a", "3", "c", "4"),
        ("HSETNX", "h", "a", "5"),
        ("HSETNX", "h", "d", "6"),
        ("HGET", "h", "a"),
        ("HGET", "h", "no"),
        ("HGET", "no", "a"),
        ("HMGET", "h", "a", "no", "b"),
        ("HMGET", "no", "a", "b"),
        ("HEXISTS", "h", "a"),
        ("HEXISTS", "h", "no"),
        ("HGETALL", "h"),
        ("HINCRBY", "h", "b", "-3"),
        ("HINCRBY", "h", "new", "1"),
        ("HDEL", "h", "a", "no", "b"),
        ("HGETALL", "h"),
        ("HDEL", "h", "c", "d", "new"),
        ("EXISTS", "h"),
        ("HGETALL", "h"),
    ],
    [
        ("ZADD", "z", "2", "b"),
        ("ZADD", "z", "1", "a"),
        ("ZADD", "z", "2", "a2"),
        ("ZADD", "z", "3", "a"),
        ("ZADD", "z", "NX", "9", "a"),
        ("ZADD", "z", "NX", "4", "n"),
        ("ZADD", "z", "1800000000001", "late"),
        ("ZSCORE", "z", "late"),
        ("ZSCORE", "z", "no"),
        ("ZSCORE", "no", "a"),
        ("ZRANGE", "z", "0", "-1"),
        ("ZRANGE", "z", "0", "1"),
        ("ZRANGE", "z", "0", "199", "WITHSCORES"),
        ("ZRANGE", "no", "0", "-1"),
        ("ZRANGEBYSCORE", "z", "-inf", "3"),
        ("ZRANGEBYSCORE", "z", "-inf", "(3"),
        ("ZRANGEBYSCORE", "z", "-inf", "3", "LIMIT", "0", "2"),
        ("ZRANGEBYSCORE", "z", "-inf", "3", "LIMIT", "0", "0"),
        ("ZREMRANGEBYSCORE", "z", "-inf", "2"),
        ("ZREM", "z", "a"),
        ("ZREM", "z", "a"),
        ("ZADD", "z", "5", "e"),
        ("ZREM", "z", "late", "no", "e"),
        ("EXISTS", "z"),
    ],
    [
        ("SET", "t", "1", "PX", "90000"),
        ("SET", "t", "2", "KEEPTTL"),
        ("PEXPIRE", "t", "60000", "GT"),
        ("PEXPIRE", "t", "120000", "GT"),
        ("SET", "for ever", "1", "KEEPTTL"),
        ("PEXPIRE", "for ever", "120000", "GT"),
        ("PTTL", "for ever"),
        ("PTTL", "no"),
    ],
    [
        ("SET", "s", "1", "PX", "60000", "NX"),
        ("SET", "s", "2", "PX", "60000", "NX"),
        ("APPEND", "s", "\n3"),
        ("GET", "s"),
        ("APPEND", "t", "4"),
        ("GET", "t"),
    ],
    [("LLEN", "l"), ("LPUSH", "l", "x"), ("LPUSH", "l", "y"), ("LLEN", "l"), ("DEL", "l")],
    [("PUBLISH", "channel", "message")],
]  # fmt: skip


# Called only for commands of migrations, which the model does not have.
_OF_LEDGERS = {"BITFIELD", "HLEN"}


def test_scripts_use_no_other_commands() -> None:
    """Every Redis command of the scripts is in the model, and compared in this file."""
    used = {
        command
        for name in _SCRIPTS
        for command in re.findall(r"redis\.call\('(\w+)'", script(name).text)
    }
    used -= _OF_LEDGERS
    assert used <= COMMANDS
    compared = {command[0] for sequence in SEQUENCES for command in sequence} | {"TIME"}
    assert compared >= used


@pytest.mark.parametrize("commands", SEQUENCES, ids=lambda commands: commands[0][0])
def test_commands_answer_as_valkey_does(redis_url: str, commands: list[tuple[str, ...]]) -> None:
    """The same commands, called from Lua, give the same answers and leave the same keys."""
    model = MiniRedis()
    call = "return redis.call(unpack(ARGV))"
    with redis.Redis.from_url(redis_url, decode_responses=True) as valkey:
        for command in commands:
            real: Any = valkey.eval(call, 0, *command)
            ours: Any = model.call(*command)
            if command[0] == "HGETALL":
                assert sorted(real) == sorted(ours), command
            else:
                assert real == ours, command
        frozen = model.freeze()
        assert set(valkey.keys()) == set(frozen)
        for key, value in frozen.items():
            assert valkey.type(key) == value.type
            assert (valkey.pttl(key) > 0) == (value.ttl_ms is not None)


def test_scripts_leave_the_same_journal(redis_url: str) -> None:
    """The product's scripts answer alike in both, and leave the same keys, but for times."""
    commands = [
        parse_command(CommandKind.SET_DEFAULT_CARD, {"userId": "cus_1", "default_source": card})
        for card in ("card_A", "card_B")
    ]
    model, lua = MiniRedis(), Scripts()
    with redis.Redis.from_url(redis_url, decode_responses=True) as valkey:

        def both(call: Any) -> Any:
            real = call.parse(valkey.eval(script(call.script).text, 0, *call.args))
            ours = call.parse(lua.run(call.script, call.args, model))
            assert getattr(real, "how", None) == getattr(ours, "how", None)
            return ours

        for number, command in enumerate(commands, 1):
            both(accept(command, command_id=f"c{number}", idempotency_key=f"k{number}"))
        claimed = both(claim("c2", "h1", 60_000))
        done = Envelope.yes("done")
        end = End(State.SUCCEEDED, 200, done, 90_000, Envelope.no("superseded", ""))
        claimed = both(complete(claimed.grant, end, next_holder="h2", lease_ms=60_000))
        assert claimed.grant.command_id == "c2"
        both(sweep("w", limit=10, patience_ms=5_000))
        both(claim_next("cus_1", "h3", 60_000))
        ours, real = model.freeze(), {key: valkey.type(key) for key in valkey.scan_iter()}
        assert {key: value.type for key, value in ours.items()} == real
        for key, value in ours.items():
            if value.type == "hash":
                assert _timeless(valkey.hgetall(key)) == _timeless(dict(value.parts)), key
            elif value.type == "zset":
                members = [member for member, _ in value.parts]
                assert sorted(valkey.zrange(key, 0, -1)) == members


def _timeless(row: dict[str, str]) -> dict[str, str]:
    """The row without times, and without the time to the end in the names of counts."""
    named = {re.sub(r"^(ended .*) \d+$", r"\1", name): value for name, value in row.items()}
    return {name: "a moment" if len(value) == 13 else value for name, value in named.items()}

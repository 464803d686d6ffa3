"""The journal's states, numbered, and the scripts as steps between them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from producer.contract import State
from producer.journal import Call, Grant
from tests.model.mini_redis import LONG_AGO, NOW_MS, MiniRedis, Scripts, Value

T = TypeVar("T")
USER = "cus_1"
LANE = "interactive"
_CUSTOMER, _ROW, _RESULT = f"cards:customer:{USER}", "cards:command:", "celery-task-meta-"
_PENDING = f"cards:pending:{USER}"
_SEQUENCE = "cards:sequence"
# Fencing tokens count from here, sequences of commands from below: the two are never compared.
FIRST_FENCE = 1000
# Fields that are only displayed; no decision depends on them.
_DISPLAY_ONLY = frozenset({"code", "error", "http", "request", "strikes"})
# Keys for monitoring and display; no decision depends on them.
_MONITORING_ONLY = frozenset({"cards:counts", "cards:retried", f"cards:history:{USER}"})
_TRY = re.compile(r"try[0-9]+")
_DATE = re.compile(r'"date_done":"[^"]*",?')


class NotTheSame(Exception):
    """A repeated script changed something."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the model reads from a journal's state."""

    states: Mapping[str, State]
    keys: Mapping[str, str]  # present idempotency keys
    superseded_by: Mapping[str, str]
    unsettled: frozenset[str]
    attempted: frozenset[str]
    fence: str
    holder: str
    open: str
    leased: bool  # and not expired
    lease_ran_out: bool
    due_later: tuple[str, ...]
    messages: tuple[str, ...]
    due_now: bool
    stopped: bool
    sequence: int


class Journals:
    """All reached states of the journal, by number. State 0 is empty."""

    def __init__(self) -> None:
        self._scripts = Scripts()
        self._numbers: dict[frozenset[tuple[str, Value]], int] = {}
        self._states: list[dict[str, Value]] = []
        self._ran: dict[tuple[int, str, tuple[str | int | bytes, ...]], tuple[int, Any]] = {}
        self._changed: dict[tuple[int, Callable[[MiniRedis], None]], int] = {}
        self._renamed: dict[tuple[int, tuple[str, ...], tuple[str, ...]], int] = {}
        self.facts: Callable[[int], Facts] = cache(self._facts)
        self._number({})

    def __len__(self) -> int:
        return len(self._states)

    def keyspace(self, number: int) -> Mapping[str, Value]:
        """The state itself."""
        return self._states[number]

    def run(self, number: int, call: Call[T]) -> tuple[int, T]:
        """The call's script, run twice: the second run must change nothing.

        Raises:
            NotTheSame: it did.
        """
        assert call.script is not None
        key = number, call.script, tuple(call.args)
        if key not in self._ran:
            args = [_without_date(arg) for arg in call.args]
            redis = MiniRedis(self._states[number])
            answer = self._scripts.run(call.script, args, redis)
            once = dict(redis.freeze())
            after = self._number(once)
            # If nothing changed, a second run would be identical to the first.
            if after != number:
                repeated = MiniRedis(once)
                second = self._scripts.run(call.script, args, repeated)
                twice = repeated.freeze()
                if once != twice:
                    raise NotTheSame(f"{call.script}: {_difference(once, twice)}")
                # These may answer differently, since they answer that they were done before.
                if call.parse(answer) != call.parse(second) and call.script not in (
                    "complete",
                    "refuse",
                ):
                    raise NotTheSame(f"{call.script} answers {answer}, repeated {second}")
                self._ran[after, call.script, key[2]] = after, second
            self._ran[key] = after, answer
        after, answer = self._ran[key]
        return after, call.parse(answer)

    def changed(self, number: int, change: Callable[[MiniRedis], None]) -> int:
        """The state after an external change, such as the passing of time."""
        key = number, change
        if key not in self._changed:
            redis = MiniRedis(self._states[number])
            change(redis)
            self._changed[key] = self._number(redis.freeze())
        return self._changed[key]

    def canonical(self, number: int, fences: Sequence[str], holders: Sequence[str]) -> int:
        """The state with tokens renamed by `fence_names`, without parts that nothing depends on.

        `fences` and `holders` are those that an attempt, a repeated call or a lease may still name;
        any other holder of the lease is called h0.
        """
        key = number, tuple(fences), tuple(holders)
        if key not in self._renamed:
            self._renamed[key] = self._number(
                _canonical(self._states[number], fence_names(key[1]), holders)
            )
        return self._renamed[key]

    def _number(self, state: Mapping[str, Value]) -> int:
        frozen = frozenset(state.items())
        if frozen not in self._numbers:
            self._numbers[frozen] = len(self._states)
            self._states.append(dict(state))
        return self._numbers[frozen]

    def _facts(self, number: int) -> Facts:
        state = self._states[number]
        rows = {
            key.removeprefix(_ROW): dict(value.parts)
            for key, value in state.items()
            if key.startswith(_ROW)
        }
        lease = dict(state[_CUSTOMER].parts) if _CUSTOMER in state else {}
        watch = dict(state["cards:watch"].parts) if "cards:watch" in state else {}
        stop = dict(state["cards:stop"].parts) if "cards:stop" in state else {}
        until = int(lease.get("until", 0))
        return Facts(
            states={id: State(row["state"]) for id, row in rows.items()},
            keys={id: _key(id, row) for id, row in rows.items()},
            superseded_by={id: row["by"] for id, row in rows.items() if "by" in row},
            unsettled=frozenset(id for id, row in rows.items() if "unsettled" in row),
            attempted=frozenset(id for id, row in rows.items() if "started" in row),
            fence=lease.get("fence", ""),
            holder=lease.get("holder", ""),
            open=lease.get("open", ""),
            leased=until > NOW_MS,
            lease_ran_out=0 < until <= NOW_MS and lease.get("holder", "") != "",
            due_later=tuple(
                id for id, row in sorted(rows.items()) if int(row.get("due", 0)) > NOW_MS
            ),
            messages=tuple(sorted(set(state[LANE].parts))) if LANE in state else (),
            due_now=USER in watch and watch[USER] <= NOW_MS,
            stopped=int(stop.get("until", 0)) > NOW_MS,
            sequence=int(state[_SEQUENCE].parts[0]) if _SEQUENCE in state else 0,
        )


def lease_runs_out(redis: MiniRedis) -> None:
    """The lease expires."""
    _past(redis, _CUSTOMER, "until")


@cache
def comes_due(command_id: str) -> Callable[[MiniRedis], None]:
    """The command's next attempt becomes due."""
    return lambda redis: _past(redis, _ROW + command_id, "due")


@cache
def counting_from(number: int) -> Callable[[MiniRedis], None]:
    """The sequence continues after this number."""

    def change(redis: MiniRedis) -> None:
        redis.call("SET", _SEQUENCE, str(number))

    return change


def stop_is_over(redis: MiniRedis) -> None:
    """The stop of claiming expires."""
    _past(redis, "cards:stop", "until")


@cache
def message_is_gone(command_id: str) -> Callable[[MiniRedis], None]:
    """The message leaves its queue."""

    def change(redis: MiniRedis) -> None:
        items = redis.members(LANE)
        items[:] = [item for item in items if item != command_id]

    return change


def long_after(redis: MiniRedis) -> None:
    """All times are long past, and the broker has lost every message."""
    for command_id in [*redis.members(_PENDING)]:
        row = _ROW + command_id
        redis.call("HSET", row, "accepted", LONG_AGO)
        _past(redis, row, "due")
    lease_runs_out(redis)
    stop_is_over(redis)
    if redis.call("EXISTS", "cards:mark"):
        redis.call("HSET", "cards:mark", f"{LANE}:at", LONG_AGO, "bulk:at", LONG_AGO)
    for customer in [*redis.members("cards:watch")]:
        redis.call("ZADD", "cards:watch", LONG_AGO, customer)
    redis.call("DEL", LANE)


def _past(redis: MiniRedis, key: str, field: str) -> None:
    moment = redis.call("HGET", key, field)
    if not isinstance(moment, str) or int(moment) <= NOW_MS:
        return
    redis.call("HSET", key, field, LONG_AGO)
    # A customer that was due at that time is due now.
    if redis.call("ZSCORE", "cards:watch", USER) == moment:
        redis.call("ZADD", "cards:watch", LONG_AGO, USER)


@cache
def fence_names(fences: tuple[str, ...]) -> Mapping[str, str]:
    """New names for fencing tokens: by the rank of the number, and one letter for the holder.

    Two may have the same number, if a promoted replica gave one out again.
    """
    names: dict[str, str] = {}
    numbers = sorted({_parts(fence)[0] for fence in fences})
    for rank, number in enumerate(numbers, 1):
        same = sorted(fence for fence in fences if _parts(fence)[0] == number)
        for place, fence in enumerate(same):
            names[fence] = f"{FIRST_FENCE + rank}" + (f".f{place}" if _parts(fence)[1] else "")
    return names


def _parts(fence: str) -> tuple[int, str]:
    number, _, holder = fence.partition(".")
    return int(number), holder


def _canonical(
    state: Mapping[str, Value], new_names: Mapping[str, str], holders: Sequence[str]
) -> dict[str, Value]:
    numbers = {_parts(fence)[0] for fence in new_names}
    made: dict[str, Value] = {}
    for key, value in state.items():
        if key == _SEQUENCE:
            below = sum(number <= int(value.parts[0]) for number in numbers)
            made[key] = value._replace(parts=(str(FIRST_FENCE + below),))
        elif key in _MONITORING_ONLY:
            continue
        elif key.startswith(_RESULT):
            made[key] = value._replace(parts=("an envelope",))
        elif key.startswith(_ROW):
            row = {
                name: part
                for name, part in value.parts
                if name not in _DISPLAY_ONLY and not _TRY.fullmatch(name)
            }
            if "tries" in row:
                row["tries"] = str(min(int(row["tries"]), 2))
            if "finished" in row:
                row["finished"] = LONG_AGO
            for name in ("closed", "struck"):
                fence = new_names.get(row.pop(name, ""))
                if fence is not None:
                    row[name] = fence
            made[key] = value._replace(parts=tuple(sorted(row.items())))
        elif key == "cards:mark":
            # It reveals a lost message in a long queue; in the model every queue becomes empty.
            made[key] = value._replace(parts=tuple(p for p in value.parts if p[0] != LANE))
        elif key == _CUSTOMER:
            lease = dict(value.parts)
            if "fence" in lease:
                lease["fence"] = new_names[lease["fence"]]
            if lease.get("holder") and lease["holder"] not in holders:
                lease["holder"] = "h0"
            made[key] = value._replace(parts=tuple(sorted(lease.items())))
        else:
            made[key] = value
    return made


def _key(id: str, row: dict[str, str]) -> str:
    return Grant(id, "", 0, 0, row).key


def _without_date(arg: str | int | bytes) -> str | int | bytes:
    return _DATE.sub("", arg) if isinstance(arg, str) else arg


def _difference(once: Mapping[str, Value], twice: Mapping[str, Value]) -> str:
    parts = []
    for key in sorted(once.keys() | twice.keys()):
        first = set(once[key].parts) if key in once else set()
        second = set(twice[key].parts) if key in twice else set()
        if once.get(key) != twice.get(key):
            only = sorted(first - second), sorted(second - first)
            parts.append(f"{key}: once {only[0]}, twice {only[1]}")
    return "; ".join(parts)

"""What a failure of Redis means to the reader of `cards doctor`, and what to do about it."""

from __future__ import annotations

import re

from producer.cli.doctor.findings import Finding, misconfigured, unreachable, warn
from producer.redis import Meaning, RedisConfig, fault_of
from producer.redis.probe import wrong_setting

_COMMAND = re.compile(r"'([\w|]+)' command")
_TRANSIENT = "wait, then run this again"
_TODO = {
    "READONLY": "put the primary's address into REDIS_URL, or the sentinels': sentinel://…/MASTER",
    "closed": "see its log; where it demands TLS, REDIS_URL must be rediss://",
    "timeout": "check host and port in REDIS_URL, firewalls between, and that rediss:// is not "
    "used for a server without TLS",
    "unreachable": "start it (`make up` does), or correct REDIS_URL",
    "sentinels": "check that the sentinels in REDIS_URL run and watch a primary of that name, and "
    "that it is alive",
    "LOADING": _TRANSIENT,
    "BUSY": f"{_TRANSIENT}; if it stays so, find what keeps it busy: SLOWLOG GET, SCRIPT KILL",
    "CLUSTERDOWN": "use a Redis that is no cluster: one script touches keys of many slots",
    "connections": "raise maxclients, or find who holds the connections: CLIENT LIST",
    "NOREPLICAS": "bring replicas back, or lower min-replicas-to-write and CARDS_REPLICAS",
    "MISCONF": "see its log and its disk: it could not write its file",
    "OOM": "raise maxmemory, or find what fills it: docs/scale.md says how much a command takes",
    "WRONGPASS": "correct user and password in REDIS_URL: redis://user:password@host:port/database",
    "certificate": "correct that setting; docs/redis.md says what each means",
    "call": "check that it is Redis 7.0 or newer, or Valkey, and that no one else uses our keys",
}
_LIKE = {
    "UNBLOCKED": "READONLY",
    "MASTERDOWN": "READONLY",
    "REPLICA": "READONLY",
    "TRYAGAIN": "CLUSTERDOWN",
    "unconfirmed": "NOREPLICAS",
    "NOAUTH": "WRONGPASS",
}


def out_of_order(cause: BaseException, redis: RedisConfig) -> Finding:
    """Why Redis cannot be asked anything more, or why it accepts no writes."""
    fault = fault_of(cause)
    kind = _LIKE.get(fault.code, fault.code)
    if kind == "unreachable" and redis.master:
        kind = "sentinels"
    text = f"{redis.shown}: {fault.text.english}"
    wrong = wrong_setting(cause, redis)
    if wrong is not None:
        kind = kind if kind in ("WRONGPASS", "certificate") else "certificate"
        return misconfigured("redis", str(wrong), _TODO[kind])
    if fault.code == "NOPERM":
        return missing_right("redis", cause, redis, "this is needed by every process", fails=True)
    if fault.meaning in (Meaning.REDIAL, Meaning.WAIT) and fault.code != "unconfirmed":
        return unreachable("redis", f"{text} ({type(cause).__name__})", _TODO[kind])
    return misconfigured("redis", text, _TODO[kind])


def missing_right(
    what: str, cause: BaseException, redis: RedisConfig, cost: str, *, fails: bool
) -> Finding:
    """A permission that our user lacks, and the consequence.

    The server's error names the command, or says that a key or a channel was refused.
    """
    message = str(cause)
    user = redis.username or "default"
    command = _COMMAND.search(message)
    if command is not None:
        text, grant = f"our user may not run {command[1].upper().replace('|', ' ')}", command[1]
        todo = f"grant it: ACL SETUSER {user} +{grant} (deploy/redis-users.acl has all)"
    else:
        text = f"our user may not: {message[:200]}"
        todo = f"give {user} the patterns of deploy/redis-users.acl, with CARDS_NAMESPACE's prefix"
    make = misconfigured if fails else warn
    return make(what, f"{text}: {cost}", todo)

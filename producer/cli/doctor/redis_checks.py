"""What `cards doctor` checks about Redis: whether it answers, is durable, and serves workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from producer.cli.doctor import command_checks
from producer.cli.doctor.findings import Finding, Level, misconfigured, ok, warn
from producer.cli.doctor.journal_checks import check_journal
from producer.cli.doctor.redis_advice import out_of_order
from producer.cli.doctor.redis_server_checks import ServerChecks
from producer.journal import (
    BlockingJournal,
    JournalFault,
    JournalUnavailable,
)
from producer.redis import RedisConfig


def check_redis(redis: RedisConfig) -> Iterator[Finding]:
    """All findings about that Redis; only the first where it does not answer."""
    journal = BlockingJournal(redis, retries=0)
    server = ServerChecks(journal, redis)
    unknown = "durability cannot be checked"
    try:
        yield from server.reached()
        writes = [*server.permitted("writes", "no command is accepted", server.writes)]
        yield from writes
        written = all(one.level is not Level.FAIL for one in writes)
        yield from server.permitted("channels", "callers that wait are not woken", server.changes)
        yield from server.permitted(
            "durability", unknown, lambda: _durability(server.settings()), fails=False
        )
        for what, check in (
            ("journal", lambda: check_journal(journal, redis)),
            ("workers", lambda: [command_checks.workers(journal, written=written)]),
            ("lanes", lambda: command_checks.stuck(journal)),
            ("pauses", lambda: command_checks.paused(journal)),
            ("stripe key", lambda: [command_checks.stripe_key(journal)]),
            ("rate limit", lambda: [command_checks.rate_limit(journal)]),
            ("queues", lambda: command_checks.backlog(journal)),
            ("dead letters", lambda: [command_checks.dead_letters(journal)]),
        ):
            yield from server.permitted(what, "this cannot be checked", check)
        yield from server.permitted(
            "records",
            "damaged ones cannot be found",
            lambda: [command_checks.damage(journal)],
            fails=False,
        )
    except JournalFault as error:
        yield misconfigured(
            "journal",
            f"a key does not hold what it should: {error.cause}",
            "find it with TYPE, and restore or delete it",
        )
    except JournalUnavailable as error:
        yield out_of_order(error.cause, redis)
    finally:
        journal.close()


def _durability(found: Mapping[str, str]) -> Iterator[Finding]:
    what = "durability"
    if not found:
        yield warn(
            what,
            "Redis does not show its settings",
            "check that appendonly is yes, appendfsync always and maxmemory-policy noeviction",
        )
        return
    sync, policy = found.get("appendfsync", ""), found.get("maxmemory-policy", "")
    if found.get("appendonly") != "yes":
        yield misconfigured(
            what,
            "appendonly is off: accepted commands are lost when Redis ends",
            "set `appendonly yes` and `appendfsync always`",
        )
    elif sync != "always":
        yield warn(
            what,
            f"appendfsync is {sync}: the last seconds before a crash can be lost",
            "set `appendfsync always`",
        )
    else:
        yield ok(what, "appendonly yes, appendfsync always")
    if policy.startswith("allkeys-"):
        yield misconfigured(
            "eviction",
            f"maxmemory-policy is {policy}: Redis may drop accepted commands",
            "set `maxmemory-policy noeviction`",
        )
    elif policy != "noeviction":
        yield warn(
            "eviction",
            f"maxmemory-policy is {policy}: Redis may drop statuses and idempotency keys",
            "set `maxmemory-policy noeviction`",
        )
    else:
        yield ok("eviction", "maxmemory-policy noeviction")
    if (least := found.get("min-replicas-to-write", "0")) != "0":
        yield ok("min replicas", f"min-replicas-to-write {least}: with fewer no write is accepted")

"""What `cards doctor` asks Redis: is it there, is it durable, is anybody working."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from producer.cli.findings import Finding, misconfigured, ok, unreachable, warn
from producer.cli.journal_checks import check_journal
from producer.cli.redis_advice import out_of_order
from producer.cli.redis_server_checks import ServerChecks
from producer.contract import Lane
from producer.journal import (
    BlockingJournal,
    JournalFault,
    JournalUnavailable,
    backlog,
    paces,
    paused_lanes,
    stopped,
    stuck_for,
    workers_seen,
)
from producer.journal.damage import look_for_damage
from producer.journal.dead_letters import letter_counts, letters
from producer.redis import RedisConfig

_STUCK_S = 60.0
# Letters whose reasons are told, and damaged records that are named.
_NEWEST, _NAMED = 20, 10
# Workers show life every few seconds; this long without is no coincidence.
_SEEN_WITHIN_S = 30.0


def check_redis(redis: RedisConfig) -> Iterator[Finding]:
    """Everything about that Redis; only the first finding where it does not answer."""
    journal = BlockingJournal(redis, retries=0)
    server = ServerChecks(journal, redis)
    unknown = "durability cannot be checked"
    try:
        yield from server.reached()
        yield from server.permitted("writes", "no command is accepted", server.writes)
        yield from server.permitted("channels", "nobody is woken at an end", server.changes)
        yield from server.permitted(
            "durability", unknown, lambda: _durability(server.settings()), fails=False
        )
        for what, check in (
            ("journal", lambda: check_journal(journal, redis)),
            ("workers", lambda: [_workers(journal)]),
            ("lanes", lambda: _stuck(journal)),
            ("pauses", lambda: _paused(journal)),
            ("stripe key", lambda: [_stripe_key(journal)]),
            ("rate limit", lambda: [_rate_limit(journal)]),
            ("queues", lambda: _backlog(journal)),
            ("dead letters", lambda: [_dead_letters(journal)]),
        ):
            yield from server.permitted(what, "it cannot be looked at", check)
        yield from server.permitted(
            "records", "damaged ones cannot be found", lambda: [_damage(journal)], fails=False
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
            "Redis does not tell its settings",
            "see that appendonly is yes, appendfsync always and maxmemory-policy noeviction",
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
        yield ok("min replicas", f"min-replicas-to-write {least}: without them no write is taken")


def _workers(journal: BlockingJournal) -> Finding:
    seen = journal(workers_seen(_SEEN_WITHIN_S))
    if not seen:
        return unreachable(
            "workers",
            f"none seen in the last {_SEEN_WITHIN_S:g} s: commands are accepted but wait",
            "start one: celery -A worker.app worker -Q interactive,bulk",
        )
    return ok("workers", f"{len(seen)} seen in the last {_SEEN_WITHIN_S:g} s")


def _stuck(journal: BlockingJournal) -> Iterator[Finding]:
    for lane in Lane:
        seconds = journal(stuck_for(lane))
        if seconds > _STUCK_S:
            yield unreachable(
                f"lane {lane}",
                f"commands have waited for {seconds:.0f} s, and none of the lane was tried",
                f"see that a worker serves it (-Q {lane}), and what the workers' logs say",
            )


def _paused(journal: BlockingJournal) -> Iterator[Finding]:
    for lane, pause in journal(paused_lanes()).items():
        why = f" ({pause.reason})" if pause.reason else ""
        yield warn(
            f"lane {lane}",
            f"paused by a person since {pause.since:%Y-%m-%dT%H:%M:%SZ}{why}; its commands wait",
            f"when the reason is gone: cards resume-lane {lane}",
        )


def _dead_letters(journal: BlockingJournal) -> Finding:
    counts = journal(letter_counts())
    kept = journal(letters())
    if not kept:
        return ok("dead letters", "none kept")
    newest = Counter(one.letter.reason for one in kept[:_NEWEST])
    told = ", ".join(f"{count} {reason}" for reason, count in newest.most_common())
    return warn(
        "dead letters",
        f"{len(kept)} kept, {sum(counts.values())} ever; of the newest {told}",
        "look at them, then forget them: cards dead-letters, cards dead-letters --clear",
    )


def _damage(journal: BlockingJournal) -> Finding:
    found = look_for_damage(journal)
    if not found.damaged:
        return ok("records", f"none damaged of {found.looked_at} looked at")
    named = ", ".join(one.id for one in found.damaged[:_NAMED])
    more = f" and {len(found.damaged) - _NAMED} more" if len(found.damaged) > _NAMED else ""
    return warn(
        "records",
        f"{len(found.damaged)} damaged of {found.looked_at} looked at: {named}{more}",
        "read them (HGETALL cards:command:ID, GET celery-task-meta-ID), restore or delete them",
    )


def _stripe_key(journal: BlockingJournal) -> Finding:
    stop = journal(stopped())
    if stop is None:
        return ok("stripe key", "not refused")
    since = datetime.fromtimestamp(stop.since_ms / 1000, UTC)
    return misconfigured(
        "stripe key",
        f"refused by Stripe since {since:%Y-%m-%dT%H:%M:%SZ} ({stop.code}); commands are kept",
        "give the workers a valid STRIPE_API_KEY and start them again",
    )


def _rate_limit(journal: BlockingJournal) -> Finding:
    slowed = {scope: pace for scope, pace in journal(paces()).items() if pace.factor < 1}
    if not slowed:
        return ok("rate limit", "not slowed down")
    told = ", ".join(f"{scope} at {pace.factor:.0%}" for scope, pace in slowed.items())
    return warn(
        "rate limit",
        f"slowed down by Stripe's 429s: {told}",
        "it recovers by 2 % a second; if it recurs, lower CARDS_STRIPE_RPS to what others leave",
    )


def _backlog(journal: BlockingJournal) -> Iterator[Finding]:
    found = journal(backlog())
    for lane in Lane:
        waiting = f"{found.messages[lane]} messages, {found.not_taken[lane]} commands not taken up"
        yield ok(f"queue {lane}", f"{waiting} yet")
    yield ok("customers", f"{found.watched} with a command under way or to be tried again")
    if found.failed:
        yield warn("failed", f"{found.failed} commands gave up", "look at them: cards failed list")
    else:
        yield ok("failed", "none")

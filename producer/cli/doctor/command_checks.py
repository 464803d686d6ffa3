"""What `cards doctor` checks about workers, lanes and commands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from producer.cli.doctor.findings import Finding, misconfigured, ok, unreachable, warn
from producer.contract import Lane
from producer.journal import (
    BlockingJournal,
    paces,
    paused_lanes,
    stopped,
    stuck_for,
    workers_seen,
)
from producer.journal import (
    backlog as backlog_of,
)
from producer.journal.operations.damage import look_for_damage
from producer.journal.operations.dead_letters import letter_counts, letters
from producer.journal.operations.failed_commands import Kept, kept, newest_failed_ids

_STUCK_S = 60.0
# How many dead letters and failed commands have their reasons counted; how many records are named.
_NEWEST, _NAMED = 20, 10
# Workers send a heartbeat every few seconds; silence for this long is no coincidence.
_SEEN_WITHIN_S = 30.0


def workers(journal: BlockingJournal, *, written: bool = True) -> Finding:
    """Workers that fetch messages. Without `written`, Redis takes no writes, so no heartbeats."""
    seen = journal(workers_seen(_SEEN_WITHIN_S))
    if not seen and not written:
        return warn(
            "workers",
            "not known: their heartbeats are writes, and Redis accepts none",
            "mend the writes first, and do not restart workers: they continue by themselves",
        )
    if not seen:
        return unreachable(
            "workers",
            f"none seen in the last {_SEEN_WITHIN_S:g} s: commands are accepted but wait",
            "start one: celery -A worker.app worker -Q interactive,bulk",
        )
    return ok("workers", f"{len(seen)} seen in the last {_SEEN_WITHIN_S:g} s")


def stuck(journal: BlockingJournal) -> Iterator[Finding]:
    """Lanes whose commands no worker claims."""
    for lane in Lane:
        seconds = journal(stuck_for(lane))
        if seconds > _STUCK_S:
            yield unreachable(
                f"lane {lane}",
                f"commands have waited for {seconds:.0f} s, and none of the lane was attempted",
                f"check that a worker serves it (-Q {lane}), and see the workers' logs",
            )


def paused(journal: BlockingJournal) -> Iterator[Finding]:
    """Lanes that a person paused."""
    for lane, pause in journal(paused_lanes()).items():
        why = f" ({pause.reason})" if pause.reason else ""
        yield warn(
            f"lane {lane}",
            f"paused by a person since {pause.since:%Y-%m-%dT%H:%M:%SZ}{why}; its commands wait",
            f"when the reason is gone: cards resume-lane {lane}",
        )


def dead_letters(journal: BlockingJournal) -> Finding:
    """Messages that no worker could carry out."""
    counts = journal(letter_counts())
    kept = journal(letters())
    if not kept:
        return ok("dead letters", "none kept")
    newest = Counter(one.letter.reason for one in kept[:_NEWEST])
    reasons = ", ".join(f"{count} {reason}" for reason, count in newest.most_common())
    return warn(
        "dead letters",
        f"{len(kept)} kept, {sum(counts.values())} ever; of the newest {reasons}",
        "inspect them, then remove them: cards dead-letters, cards dead-letters --clear",
    )


def damage(journal: BlockingJournal) -> Finding:
    """Rows and results that cannot be read."""
    found = look_for_damage(journal)
    if not found.damaged:
        return ok("records", f"none damaged of {found.looked_at} checked")
    named = ", ".join(one.id for one in found.damaged[:_NAMED])
    more = f" and {len(found.damaged) - _NAMED} more" if len(found.damaged) > _NAMED else ""
    return warn(
        "records",
        f"{len(found.damaged)} damaged of {found.looked_at} checked: {named}{more}",
        "read them (HGETALL cards:command:ID, GET celery-task-meta-ID), restore or delete them",
    )


def stripe_key(journal: BlockingJournal) -> Finding:
    """Whether Stripe refuses the key."""
    stop = journal(stopped())
    if stop is None:
        return ok("stripe key", "not refused")
    since = datetime.fromtimestamp(stop.since_ms / 1000, UTC)
    return misconfigured(
        "stripe key",
        f"refused by Stripe since {since:%Y-%m-%dT%H:%M:%SZ} ({stop.code}); commands are kept",
        "give the workers a valid STRIPE_API_KEY and restart them",
    )


def rate_limit(journal: BlockingJournal) -> Finding:
    """How far Stripe's 429s have slowed the workers down."""
    slowed = {scope: pace for scope, pace in journal(paces()).items() if pace.factor < 1}
    if not slowed:
        return ok("rate limit", "not slowed down")
    slowed_by = ", ".join(f"{scope} at {pace.factor:.0%}" for scope, pace in slowed.items())
    return warn(
        "rate limit",
        f"slowed down by Stripe's 429s: {slowed_by}",
        "it recovers by 2 % a second; if it recurs, lower CARDS_STRIPE_RPS to what others leave",
    )


def backlog(journal: BlockingJournal) -> Iterator[Finding]:
    """Waiting and failed commands."""
    found = journal(backlog_of())
    for lane in Lane:
        waiting = f"{found.messages[lane]} messages, {found.unclaimed[lane]} commands not claimed"
        yield ok(f"queue {lane}", f"{waiting} yet")
    yield ok("customers", f"{found.watched} with a command running or to be retried")
    yield from _failed(journal, found.failed)


def _failed(journal: BlockingJournal, count: int) -> Iterator[Finding]:
    if not count:
        yield ok("failed", "none")
        return
    newest = journal(kept([*journal(newest_failed_ids(_NEWEST))]))
    codes = Counter(one.row.get("code") or "-" for one in newest if isinstance(one, Kept))
    reasons = ", ".join(f"{number} {code}" for code, number in codes.most_common())
    yield warn(
        "failed",
        f"{count} commands failed; of the newest {reasons}",
        "list them: cards failed list; docs/runbook.md#codes says what to do about each code",
    )
    if codes["poison"]:
        yield warn(
            "poison",
            f"{codes['poison']} commands killed their worker, and were moved to the failed ones",
            "do not replay them: cards failed list --filter code=poison; send cards export ID "
            "and the worker's log to the maintainers",
        )

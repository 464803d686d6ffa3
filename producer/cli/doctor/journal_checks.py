"""What `cards doctor` checks about the journal's identity: whether its loss would be noticed."""

from __future__ import annotations

from collections.abc import Iterator

from producer.cli.doctor.findings import Finding, Level, misconfigured, ok, warn
from producer.journal import BlockingJournal, Identity, identity
from producer.redis import RedisConfig

_WHAT = "journal"


def check_journal(journal: BlockingJournal, redis: RedisConfig) -> Iterator[Finding]:
    """Which journal this is, and whether the settings name it."""
    yield _compared(redis.journal_id, journal(identity()))
    if redis.accept_other_data:
        yield warn(
            "lost data",
            "CARDS_ACCEPT_OTHER_DATA is set: a loss of Redis' data is reported, and work continues",
            "remove the setting, unless it is needed now",
        )


def shown(found: Identity) -> str:
    """The id, and the time since when the journal exists."""
    since = f"{found.since:%Y-%m-%dT%H:%M:%SZ}" if found.since else "an unknown time"
    return f"{found.id}, since {since}"


def _compared(wanted: str | None, found: Identity | None) -> Finding:
    if wanted is None and found is None:
        return ok(_WHAT, "none yet: this database has not been used")
    if found is None or wanted not in (None, found.id):
        there = f"there is {shown(found)}" if found else "there is none"
        return misconfigured(
            _WHAT,
            f"CARDS_JOURNAL_ID names {wanted}, and {there}: Redis was emptied, or is another one",
            "restore Redis' data, or correct REDIS_URL; if the data is gone for good, see "
            "docs/guarantees.md, then set CARDS_JOURNAL_ID to the new id or remove it",
        )
    if wanted is None:
        todo = f"set CARDS_JOURNAL_ID={found.id}, so that a restarted process notices a loss too"
        return Finding(Level.OK, _WHAT, shown(found), todo)
    return ok(_WHAT, f"{shown(found)}, as CARDS_JOURNAL_ID says")

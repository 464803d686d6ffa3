"""A bounded search for damaged records of commands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from producer.journal.commands.views import RecordDamaged, statuses
from producer.journal.redis import keys
from producer.journal.redis.calls import Call
from producer.journal.redis.connection import BlockingJournal

_MOST_SCANNED = 5000
_HEADS = 200
_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Damage:
    """How many commands were read, and which of them are damaged."""

    looked_at: int
    damaged: list[RecordDamaged]


def look_for_damage(journal: BlockingJournal) -> Damage:
    """Read commands that were found damaged, that failed or are due, and 5,000 others.

    Raises JournalUnavailable or JournalFault.
    """
    ids = list(dict.fromkeys(_ids(journal)))
    damaged: list[RecordDamaged] = []
    for start in range(0, len(ids), _AT_ONCE):
        found = journal(statuses(ids[start : start + _AT_ONCE], with_results=True))
        damaged += [status for status in found if isinstance(status, RecordDamaged)]
    return Damage(len(ids), damaged)


def _ids(journal: BlockingJournal) -> Iterator[str]:
    yield from journal(_range(keys.DAMAGED))
    yield from journal(_range(keys.FAILED))
    for customer in journal(_range(keys.DUE)):
        yield from journal(_range(keys.pending(customer)))
    cursor, seen = "0", 0
    while True:
        cursor, rows = journal(_scan(cursor))
        for row in rows:
            seen += 1
            yield keys.command_of_row(row)
        if cursor == "0" or seen >= _MOST_SCANNED:
            return


def _range(key: str) -> Call[list[str]]:
    return Call(lambda answers: list(answers[0]), commands=[("ZRANGE", key, 0, _HEADS - 1)])


def _scan(cursor: str) -> Call[tuple[str, list[str]]]:
    pattern = keys.command("*")
    return Call(
        lambda answers: (str(answers[0][0]), list(answers[0][1])),
        commands=[("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)],
    )

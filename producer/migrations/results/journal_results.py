"""Row results in the journal, which every machine can read.

The script that settles rows also stores there what a driver writes to its results file. So reports
and `undo` are complete on a machine that ran nothing of the migration.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from producer.journal import BlockingJournal
from producer.journal.migrations import recorded as journalled
from producer.journal.migrations.recorded import Kept
from producer.migrations.model.rows import RowResult
from producer.migrations.results.frames import unpacked
from producer.migrations.results.results_file import RecordedFrames, Results

log = logging.getLogger(__name__)

# Frames read in one round trip, of at most 13 kB each unless rows failed with long messages.
_PAGE = 200


def catch_up(journal: BlockingJournal, migration: str, results: Results) -> None:
    """Record results of other machines that are missing here.

    Raises:
        JournalUnavailable: the call may be repeated.
    """
    kept = journal(journalled.kept(migration))
    recorded = results.recorded_frames
    at = recorded.frames if recorded.created == kept.created else 0
    while at < kept.frames:
        # Dropped frames cannot be read any more.
        gone = kept.frames - kept.there
        first = max(at - gone, 0)
        page = journal(journalled.frames(migration, first, first + _PAGE - 1))
        at = max(at, gone) + len(page) if page else kept.frames
        results.record(_rows(migration, page), frames=RecordedFrames(kept.created, at))


def behind(kept: Kept, recorded: RecordedFrames) -> bool:
    """Whether the journal still has frames that are not recorded here."""
    frames = recorded.frames if recorded.created == kept.created else 0
    return frames < kept.frames and kept.there > 0


def _rows(migration: str, frames: Iterable[bytes]) -> Iterable[RowResult]:
    for frame in frames:
        try:
            yield from unpacked(migration, frame)
        except ValueError as error:
            # A report without these rows' details is better than none.
            log.error("cannot read the recorded rows of %s: %s", migration, error)

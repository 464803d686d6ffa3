"""What is recorded of rows, as every machine can read it: in the journal, packed.

Who drives a migration writes there what it writes into the results file, by the script that settles
rows. So a report, and `undo`, are complete on a machine that ran nothing of the migration.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from producer.journal import BlockingJournal
from producer.journal.migrations import recorded as journalled
from producer.journal.migrations.recorded import Kept
from producer.migrations.model.rows import RowResult
from producer.migrations.results.packed import unpacked
from producer.migrations.results.results_file import Known, Results

log = logging.getLogger(__name__)

# Frames read in one round trip, each of 13 kB at most unless rows failed with long messages.
_PAGE = 200


def catch_up(journal: BlockingJournal, migration: str, results: Results) -> None:
    """Record in the results what others have recorded and these have not.

    Raises:
        JournalUnavailable: it may be repeated.
    """
    kept = journal(journalled.kept(migration))
    known = results.known
    at = known.frames if known.created == kept.created else 0
    while at < kept.frames:
        # Of those that are not there any more nothing can be known.
        gone = kept.frames - kept.there
        first = max(at - gone, 0)
        page = journal(journalled.frames(migration, first, first + _PAGE - 1))
        at = max(at, gone) + len(page) if page else kept.frames
        results.record(_rows(migration, page), known=Known(kept.created, at))


def behind(kept: Kept, known: Known) -> bool:
    """Whether others have recorded what is not recorded here, and it is still there."""
    frames = known.frames if known.created == kept.created else 0
    return frames < kept.frames and kept.there > 0


def _rows(migration: str, frames: Iterable[bytes]) -> Iterable[RowResult]:
    for frame in frames:
        try:
            yield from unpacked(migration, frame)
        except ValueError as error:
            # As if it had not been kept, rather than no report at all.
            log.error("what is kept of rows of %s: %s", migration, error)

"""Drives one migration for `web`, in a child process.

`python -m producer.migrations.processes.run_process` reads its job from the first line of standard
input, a JSON object, and ends when standard input ends: so it never outlives its parent, even if
that is killed. REDIS_URL and the keys that sign rows come from the environment.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from producer.journal import BlockingJournal, JournalUnavailable
from producer.migrations.errors import JournalLost, MigrationError
from producer.migrations.registry import Registry
from producer.migrations.results.results_file import Results
from producer.migrations.run.driver import Driver, Ended
from producer.migrations.run.setup import reopened
from producer.settings import keeping_config, language_config, redis_config, signing_config

# Exit code once the pilot's rows have ended and the migration is paused.
PILOT_ENDED = 3
# Exit code if Redis has lost the rows' journal; the same as that of `cards migrate run`.
JOURNAL_LOST = 5
# Time for a driver to record ended rows on `stop`; then the process exits anyway.
_STOP_WITHIN_S = 5.0


def main() -> int:
    """Drive until the migration or standard input ends.

    Exits with 1 on errors, with PILOT_ENDED once a limit is reached, and with JOURNAL_LOST if an
    operator must decide.
    """
    job = json.loads(sys.stdin.readline() or "{}")
    if not job:
        return 0
    signing = signing_config(os.environ)
    journal = BlockingJournal(redis_config(os.environ))
    try:
        with Results.of(Path(job["folder"]), job["migration"]) as results:
            registry = Registry(
                journal, signing, keeping_config(os.environ), language_config(os.environ)
            )
            driver = _driver(job, registry, results)
            for one in (signal.SIGINT, signal.SIGTERM):
                signal.signal(one, lambda *_: driver.stop())
            threading.Thread(target=_stop_at_end, args=(driver,), daemon=True).start()
            if driver.run() is Ended.LIMIT:
                registry.pause(job["migration"])
                return PILOT_ENDED
    except (MigrationError, JournalUnavailable, OSError) as error:
        sys.stderr.write(f"migration {job['migration']}: {error}\n")
        return JOURNAL_LOST if isinstance(error, JournalLost) else 1
    finally:
        journal.close()
    return 0


def _driver(job: dict[str, Any], registry: Registry, results: Results) -> Driver:
    if job["file"] is None:  # only to cancel, or to record rows that were sent
        return Driver(registry, job["migration"], None, results)
    run = reopened(registry, job["migration"], Path(job["file"]))
    return run.driver(
        registry,
        results,
        limit=job["limit"],
        stop_after=job["stopAfter"],
        stop_after_percent=job["stopAfterPercent"],
    )


def _stop_at_end(driver: Driver) -> None:
    # The descriptor itself: a thread inside sys.stdin would block the interpreter's exit.
    while os.read(0, 4096):
        pass
    driver.stop()
    threading.Event().wait(_STOP_WITHIN_S)
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())

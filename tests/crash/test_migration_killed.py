"""A migration whose driver and workers are killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.migrating import Drive, check, faulty_file, migrate_through_kills
from tests.crash.stage import Stage

pytestmark = pytest.mark.crash
ROWS = 2_000


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Stage]:
    """A stage with one worker for both lanes."""
    with Stage(tmp_path) as made:
        made.worker("keeper", queues="interactive,bulk", CARDS_WORKER_CONCURRENCY="30").ready()
        yield made


@pytest.mark.timeout(300)
def test_a_faulty_file_is_accounted_for(alone: Stage) -> None:
    """With the driver killed five times and workers twice, each row is reported once."""
    faulty = faulty_file(alone.directory / "faulty.csv", ROWS)
    drive = Drive(alone, faulty.path, "--rps", "400")
    try:
        migration = migrate_through_kills(alone, drive, driver_kills=5, worker_kills=2, timeout=120)
        check(alone, drive, faulty, migration)
    finally:
        drive.close()

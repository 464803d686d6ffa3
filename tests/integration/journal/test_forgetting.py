"""A migration that has ended is forgotten completely, and can be created again under new keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from producer.contract import State
from producer.journal.migrations import records as journalled
from producer.journal.operations.failed_commands import Kept, kept
from producer.migrations.after import forget as forgetting
from producer.migrations.after.forget import StillBusy, forget
from producer.migrations.input.rows.ids import command_id
from producer.migrations.model.rows import RowResult, RowState
from producer.migrations.model.status import MigrationState
from producer.migrations.registry import NotInState, Registry, UnknownMigration
from producer.migrations.results.results_file import Results
from producer.migrations.storage.uploads import Upload, Uploads
from tests.integration.journal.conftest import Bench
from tests.integration.journal.moves import DRIVER, MIGRATION, ROWS, Moves

_COPY = f"input-{'0a' * 16}-{'1b' * 4}"


@pytest.fixture
def moves(bench: Bench) -> Moves:
    """A migration that is open, with its driver."""
    return Moves(bench)


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    """The data folder, with results of the migration, its upload, and files of others."""
    made = Uploads(tmp_path)
    made.keep(Upload(MIGRATION, _COPY))
    (tmp_path / _COPY).write_text("a copy")
    (tmp_path / "cards.csv").write_text("a person's own")
    for one in (MIGRATION, "mig_2"):
        with Results.of(tmp_path, one) as results:
            results.record([RowResult(1, RowState.APPLIED)])
    return made


def _left(uploads: Uploads) -> list[str]:
    return sorted(path.name for path in uploads.folder.rglob("*") if path.is_file())


def _keys(moves: Moves) -> list[str]:
    return [key for key in moves.bench.redis.scan_iter() if MIGRATION in key]


def _failed(moves: Moves) -> str:
    """Row 1 ends as failed; its command is kept for a person."""
    moves.send(1)
    grant = moves.take(1)
    moves.bench.end(grant, State.FAILED)
    moves.bench.redis.zadd("cards:failed", {grant.command_id: 1})
    moves.settle()
    return grant.command_id


def _replay(moves: Moves, command: str) -> None:
    (found,) = moves.bench.journal(kept([command]))
    assert isinstance(found, Kept)
    assert moves.bench.journal(found.replayed("en", 90_000)) is State.QUEUED


def test_an_ended_migration_is_removed_completely(moves: Moves, uploads: Uploads) -> None:
    """Its keys, results, copy and upload are removed, and nothing of others."""
    moves.send(1)
    moves.end(1, State.REJECTED)
    moves.settle()
    moves.finish()
    stood = forget(moves.registry, uploads, MIGRATION)
    assert stood is not None
    assert (stood.state, stood.rows) == (MigrationState.CANCELLED, ROWS)
    assert (_keys(moves), moves.registry.list()) == ([], [])
    assert moves.bench.redis.zrange("cards:skipping", 0, -1) == []
    assert _left(uploads) == ["cards.csv", "mig_2.sqlite"]
    with pytest.raises(UnknownMigration):
        forget(moves.registry, uploads, MIGRATION)


@pytest.mark.parametrize("what", ["run", "pause", "stop", "cancel"])
def test_a_migration_that_has_not_ended_stays(moves: Moves, uploads: Uploads, what: str) -> None:
    """A running, paused, stopped or cancelling migration keeps its files and keys."""
    moves.send(1)
    moves.bench.redis.hset(f"cards:migration:{MIGRATION}", "until", 1)
    if what != "run":
        getattr(moves.registry, what)(MIGRATION)
    before, files = moves.dump(), _left(uploads)
    with pytest.raises(NotInState):
        forget(moves.registry, uploads, MIGRATION)
    with pytest.raises(NotInState):
        moves.registry.forget(MIGRATION)
    assert (moves.dump(), _left(uploads)) == (before, files)


def test_a_paused_migration_without_sent_rows_is_forgotten(moves: Moves, uploads: Uploads) -> None:
    """A migration that has sent nothing is removed completely, and may be created again."""
    moves.bench.redis.hset(f"cards:migration:{MIGRATION}", "until", 1)
    with pytest.raises(NotInState):
        moves.registry.forget(MIGRATION)
    moves.registry.pause(MIGRATION)
    assert forget(moves.registry, uploads, MIGRATION) is not None
    assert (_keys(moves), moves.registry.list()) == ([], [])


def test_an_unknown_migration_is_reported(moves: Moves, uploads: Uploads) -> None:
    """Files of a migration that no journal knows, or ever forgot, stay."""
    files = _left(uploads)
    with pytest.raises(UnknownMigration):
        forget(moves.registry, uploads, "mig_2")
    assert _left(uploads) == files


def test_a_replayed_command_must_end_first(moves: Moves, uploads: Uploads) -> None:
    """A migration with a replayed command is not forgotten before that has ended."""
    command = _failed(moves)
    moves.finish()
    _replay(moves, command)
    with pytest.raises(StillBusy):
        forget(moves.registry, uploads, MIGRATION)
    moves.end(1)
    assert forget(moves.registry, uploads, MIGRATION) is not None


def test_the_driver_must_release_its_lease_first(
    moves: Moves, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forgetting waits briefly for the driver, and reports one that stays."""
    moves.finish()
    moves.lease()
    monkeypatch.setattr(forgetting, "LEASE_S", -1.0)
    with pytest.raises(StillBusy):
        forget(moves.registry, uploads, MIGRATION)
    monkeypatch.setattr(forgetting, "LEASE_S", 60.0)

    def goes(_: float) -> None:
        moves.bench.journal(journalled.release(MIGRATION, DRIVER))

    monkeypatch.setattr("producer.migrations.after.forget.time.sleep", goes)
    assert forget(moves.registry, uploads, MIGRATION) is not None


@pytest.mark.parametrize("cut", ["remove results", "remove copy", "remove upload", "forget"])
def test_an_interrupted_removal_can_be_repeated(
    moves: Moves, uploads: Uploads, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    """Until its last step the migration is found, and a repetition removes the rest."""
    moves.finish()
    steps: dict[str, tuple[Any, str]] = {
        "remove results": (Results, "remove"),
        "remove copy": (Path, "unlink"),
        "remove upload": (Uploads, "forget"),
        "forget": (Registry, "forget"),
    }

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(*steps[cut], killed)
        with pytest.raises(KeyboardInterrupt):
            forget(moves.registry, uploads, MIGRATION)
    assert moves.registry.status(MIGRATION).state is MigrationState.CANCELLED
    assert forget(moves.registry, uploads, MIGRATION) is not None
    assert (_keys(moves), _left(uploads)) == ([], ["cards.csv", "mig_2.sqlite"])


def test_the_script_may_be_repeated(moves: Moves) -> None:
    """The journal's step may be repeated, as its client does by itself."""
    moves.finish()
    moves.twice(journalled.forget(MIGRATION))
    assert _keys(moves) == []


def test_a_copy_that_another_migration_uses_stays(moves: Moves, uploads: Uploads) -> None:
    """The same stream with other conditions is another migration of the same copy."""
    moves.finish()
    about = f'{{"path": "/elsewhere/{_COPY}"}}'
    moves.bench.journal(journalled.create("mig_2", "a.csv", 1, about, None))
    forget(moves.registry, uploads, MIGRATION)
    assert _left(uploads) == ["cards.csv", _COPY, "mig_2.sqlite"]


def test_a_users_own_file_stays(moves: Moves, tmp_path: Path) -> None:
    """A migration's file is removed only if it is our copy, even in the data folder."""
    own = tmp_path / "own.csv"
    own.write_text("userId,default_source\n")
    moves.bench.redis.hset(f"cards:migration:{MIGRATION}", "about", f'{{"path": "{own}"}}')
    moves.finish()
    forget(moves.registry, Uploads(tmp_path), MIGRATION)
    assert own.exists()


def test_files_of_a_migration_forgotten_elsewhere_are_removed(
    moves: Moves, uploads: Uploads
) -> None:
    """If another machine forgot the migration, the files here are removed, once."""
    moves.finish()
    moves.registry.forget(MIGRATION)
    assert forget(moves.registry, uploads, MIGRATION) is None
    assert _left(uploads) == ["cards.csv", "mig_2.sqlite"]
    with pytest.raises(UnknownMigration):
        forget(moves.registry, uploads, MIGRATION)


def test_a_recreated_migration_uses_new_keys(moves: Moves) -> None:
    """Under the first keys Stripe would repeat its first answers, and do nothing."""
    moves.send(1)
    first = moves.take(1)
    moves.bench.end(first)
    moves.settle()
    moves.finish()
    moves.registry.forget(MIGRATION)
    moves.create()
    moves.send(1)
    second = moves.take(1)
    assert (first.key, second.command_id) == (command_id(MIGRATION, 1), first.command_id)
    assert second.key.startswith(f"{first.command_id}-")
    moves.bench.end(second)
    moves.settle()
    assert moves.check()[RowState.APPLIED] == 1


def test_an_earlier_failed_command_is_recorded_again(moves: Moves) -> None:
    """A recreated migration's row ends as failed again, and a replay corrects the counts."""
    command = _failed(moves)
    moves.finish()
    moves.registry.forget(MIGRATION)
    moves.create()
    moves.send(1)
    assert [one.id for one in moves.ended()] == [command]
    moves.settle()
    assert moves.check()[RowState.FAILED] == 1
    assert moves.registry.status(MIGRATION).codes == {"no": 1, "parameter_invalid": 1}
    _replay(moves, command)
    moves.end(1)
    assert moves.check()[RowState.APPLIED] == 1
    assert moves.registry.status(MIGRATION).codes == {"parameter_invalid": 1}


@pytest.mark.parametrize("ends", ["before the row is sent", "after"])
def test_a_command_replayed_after_forgetting_counts_for_the_next_run(
    moves: Moves, ends: str
) -> None:
    """The command is recorded once, whenever it ends, and is not sent again."""
    command = _failed(moves)
    moves.finish()
    moves.registry.forget(MIGRATION)
    _replay(moves, command)
    if ends == "after":
        moves.create()
        moves.send(1)
        moves.end(1)
    else:
        moves.end(1)
        moves.create()
        moves.send(1)
    moves.settle()
    assert moves.check()[RowState.APPLIED] == 1
    assert moves.registry.status(MIGRATION).codes == {"parameter_invalid": 1}


def test_late_calls_do_not_recreate_a_forgotten_migration(moves: Moves) -> None:
    """A driver or an upload that has not noticed creates and sends nothing."""
    moves.finish()
    moves.registry.forget(MIGRATION)
    journal = moves.bench.journal
    assert not journal(journalled.enter(MIGRATION, [(6, int(RowState.INVALID))]))
    assert not journal(journalled.open_(MIGRATION, {"parameter_invalid": 1}))
    assert not journal(journalled.throttle(MIGRATION, 5.0))
    assert journal(journalled.lease(MIGRATION, DRIVER, 1)) is None
    assert moves.send(1).state == journalled.TAKEN_OVER
    assert _keys(moves) == []


def test_a_new_journal_gets_the_suffix_of_the_keys(moves: Moves) -> None:
    """A forgotten migration whose journal was lost then keeps the keys it had."""
    moves.finish()
    moves.registry.forget(MIGRATION)
    moves.create()
    life = moves.registry.record(MIGRATION).fields["life"]
    moves.send(1)
    key = moves.take(1).key
    assert key != command_id(MIGRATION, 1)
    moves.bench.redis.flushall()
    assert moves.bench.journal(
        journalled.create(MIGRATION, "a.csv", ROWS, '{"blind": false}', None, life=life)
    )
    moves.bench.journal(journalled.open_(MIGRATION, {}))
    moves.lease()
    moves.send(1)
    assert moves.take(1).key == key

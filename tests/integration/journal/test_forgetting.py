"""A migration that has ended is forgotten whole, and entered anew it is another life of it."""

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


def test_all_of_an_ended_migration_goes(moves: Moves, uploads: Uploads) -> None:
    """Its keys, and on this machine results, copy and upload; of others nothing does."""
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
def test_one_that_has_not_ended_stays(moves: Moves, uploads: Uploads, what: str) -> None:
    """Running, paused, stopped or being cancelled: nothing of it is touched, here or in Redis."""
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


def test_one_that_was_not_begun_is_forgotten_once_it_is_paused(
    moves: Moves, uploads: Uploads
) -> None:
    """Nothing of it was sent: it goes whole, and may be entered again."""
    moves.bench.redis.hset(f"cards:migration:{MIGRATION}", "until", 1)
    with pytest.raises(NotInState):
        moves.registry.forget(MIGRATION)
    moves.registry.pause(MIGRATION)
    assert forget(moves.registry, uploads, MIGRATION) is not None
    assert (_keys(moves), moves.registry.list()) == ([], [])


def test_one_that_is_unknown_is_said(moves: Moves, uploads: Uploads) -> None:
    """Files here of a migration that no journal knows, or ever forgot, stay."""
    files = _left(uploads)
    with pytest.raises(UnknownMigration):
        forget(moves.registry, uploads, "mig_2")
    assert _left(uploads) == files


def test_what_was_taken_up_again_is_waited_for(moves: Moves, uploads: Uploads) -> None:
    """A failed command that a person has replayed is under way: not before it has ended."""
    command = _failed(moves)
    moves.finish()
    _replay(moves, command)
    with pytest.raises(StillBusy):
        forget(moves.registry, uploads, MIGRATION)
    moves.end(1)
    assert forget(moves.registry, uploads, MIGRATION) is not None


def test_its_driver_is_waited_for(
    moves: Moves, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has just ended it is still there for a moment; one that stays is said."""
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
def test_cut_off_anywhere_it_is_finished_by_the_next(
    moves: Moves, uploads: Uploads, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    """Until the last step the migration is found; the same again then removes the rest."""
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


def test_an_answer_that_was_lost_does_no_harm(moves: Moves) -> None:
    """The journal's step may be repeated, as its client does by itself."""
    moves.finish()
    moves.twice(journalled.forget(MIGRATION))
    assert _keys(moves) == []


def test_a_copy_that_another_migration_is_made_of_stays(moves: Moves, uploads: Uploads) -> None:
    """The same stream under other conditions is another migration of the same copy."""
    moves.finish()
    about = f'{{"path": "/elsewhere/{_COPY}"}}'
    moves.bench.journal(journalled.create("mig_2", "a.csv", 1, about, None))
    forget(moves.registry, uploads, MIGRATION)
    assert _left(uploads) == ["cards.csv", _COPY, "mig_2.sqlite"]


def test_a_file_of_somebodys_own_stays(moves: Moves, tmp_path: Path) -> None:
    """A migration's file is removed only where it is a copy of ours, even in the data folder."""
    own = tmp_path / "own.csv"
    own.write_text("userId,default_source\n")
    moves.bench.redis.hset(f"cards:migration:{MIGRATION}", "about", f'{{"path": "{own}"}}')
    moves.finish()
    forget(moves.registry, Uploads(tmp_path), MIGRATION)
    assert own.exists()


def test_on_another_machine_what_lies_there_is_removed(moves: Moves, uploads: Uploads) -> None:
    """Forgotten elsewhere it is unknown, and remembered as forgotten: the files here go, once."""
    moves.finish()
    moves.registry.forget(MIGRATION)
    assert forget(moves.registry, uploads, MIGRATION) is None
    assert _left(uploads) == ["cards.csv", "mig_2.sqlite"]
    with pytest.raises(UnknownMigration):
        forget(moves.registry, uploads, MIGRATION)


def test_entered_anew_its_rows_go_under_other_keys(moves: Moves) -> None:
    """Under the first ones Stripe would repeat its first answers, and do nothing."""
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


def test_a_failed_command_of_before_is_recorded_anew(moves: Moves) -> None:
    """It stays for a person; run again its row ends as failed, and a replay corrects the sums."""
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
def test_one_replayed_after_it_was_forgotten_counts_for_the_next_life(
    moves: Moves, ends: str
) -> None:
    """Whenever it ends it is recorded once, and sent no second time."""
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


def test_what_comes_late_makes_nothing_of_it(moves: Moves) -> None:
    """A driver or an upload that has not heard of it yet enters and sends nothing."""
    moves.finish()
    moves.registry.forget(MIGRATION)
    journal = moves.bench.journal
    assert not journal(journalled.enter(MIGRATION, [(6, int(RowState.INVALID))]))
    assert not journal(journalled.open_(MIGRATION, {"parameter_invalid": 1}))
    assert not journal(journalled.throttle(MIGRATION, 5.0))
    assert journal(journalled.lease(MIGRATION, DRIVER, 1)) is None
    assert moves.send(1).state == journalled.TAKEN_OVER
    assert _keys(moves) == []


def test_a_new_journal_is_told_what_the_keys_end_in(moves: Moves) -> None:
    """One that was forgotten, and then lost with its journal, is sent under the keys it had."""
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

"""`cards migrate forget` with a real Valkey and without a worker."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from producer.cli.app import run
from producer.cli.exits import Exit
from producer.journal import BlockingJournal
from producer.migrations.input.columns.columns import map_columns
from producer.migrations.input.rows.spool import spool_input
from producer.migrations.model.conditions import Conditions
from producer.migrations.registry import Registry
from producer.migrations.run.setup import Run

pytestmark = pytest.mark.integration

_FILE = b"userId,default_source\ncus_1,card_1\ncus_2,card_2\n"


class _Stdin:
    """Standard input, at a terminal or not."""

    def __init__(self, terminal: bool) -> None:
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, redis_url: str, tmp_path: Path) -> Path:
    """The data folder."""
    monkeypatch.setenv("REDIS_URL", redis_url)
    monkeypatch.setenv("CARDS_LANGUAGE", "en")
    monkeypatch.setenv("CARDS_MIGRATIONS_DIR", str(tmp_path / "data"))
    monkeypatch.setattr("sys.stdin", _Stdin(False))
    return tmp_path / "data"


@pytest.fixture
def migration(redis_url: str, folder: Path) -> Iterator[str]:
    """A migration that was entered from standard input."""
    journal = BlockingJournal(redis_url)
    source = spool_input(io.BytesIO(_FILE), folder)
    made = Run(source, map_columns(source), Conditions())
    made.enter(Registry(journal))
    yield made.id
    journal.close()


@pytest.fixture
def ended(migration: str, capsys: pytest.CaptureFixture[str]) -> str:
    """The same migration, cancelled, with a results file."""
    assert run(["migrate", "cancel", migration]) == Exit.DONE
    capsys.readouterr()
    return migration


def _left(redis_url: str, folder: Path) -> tuple[list[str], list[str]]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        keys = [key for key in client.scan_iter() if "mig_" in key]
    return sorted(keys), sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_without_a_terminal_yes_is_required(
    ended: str, redis_url: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal it refuses and names the report to keep; --yes forgets everything."""
    keys, files = _left(redis_url, folder)
    assert (len(keys) > 1, len(files)) == (True, 2)
    assert run(["migrate", "forget", ended]) == Exit.USAGE
    told = capsys.readouterr().err
    assert "finance needs the report" in told
    assert f"cards migrate report {ended} --html report.html" in told
    assert "add --yes" in told
    assert _left(redis_url, folder) == (keys, files)
    assert run(["migrate", "forget", ended, "--yes"]) == Exit.DONE
    assert capsys.readouterr().out.splitlines()[0] == f"forgotten  {ended}"
    assert _left(redis_url, folder) == ([], [])
    assert run(["migrate", "forget", ended, "--yes"]) == Exit.NOT_DONE
    assert f"no migration {ended}" in capsys.readouterr().err


@pytest.mark.parametrize(("answer", "code"), [("y", Exit.DONE), ("", Exit.NOT_DONE)])
def test_a_person_is_asked(
    ended: str,
    redis_url: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    code: Exit,
) -> None:
    """At a terminal, only a yes forgets."""
    monkeypatch.setattr("sys.stdin", _Stdin(True))
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _: answer)
    assert run(["migrate", "forget", ended]) == code
    assert (_left(redis_url, folder) == ([], [])) == (answer == "y")


@pytest.mark.parametrize("how", [[], ["--yes"], ["--yes", "--json"]])
def test_one_that_has_not_ended_is_refused(
    migration: str,
    redis_url: str,
    folder: Path,
    how: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It says in which state it is, before it asks anything, and leaves all as it was."""
    before = _left(redis_url, folder)
    for state in ("running", "paused"):
        assert run(["migrate", "forget", migration, *how]) == Exit.NOT_DONE
        output = capsys.readouterr()
        assert f"{migration} is {state}: it cannot be forgotten" in output.out + output.err
        if "--json" in how:
            assert json.loads(output.out)["code"] == "migration_state"
        assert _left(redis_url, folder) == before
        run(["migrate", "pause", migration])
        with redis.Redis.from_url(redis_url) as client:  # as if it had started
            client.hset(f"cards:migration:{migration}", mapping={"n0": 1, "n2": 1})
        capsys.readouterr()


def test_a_migration_that_never_started_is_forgotten(
    migration: str, redis_url: str, folder: Path
) -> None:
    """It is paused, and nothing was sent."""
    assert run(["migrate", "pause", migration]) == Exit.DONE
    assert run(["migrate", "forget", migration, "--yes"]) == Exit.DONE
    assert _left(redis_url, folder) == ([], [])


def test_json_has_the_last_status(ended: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints the last status, or for an unknown migration an envelope with a code."""
    assert run(["migrate", "forget", ended, "--yes", "--json"]) == Exit.DONE
    status = json.loads(capsys.readouterr().out)
    assert (status["id"], status["state"], status["counts"]["cancelled"]) == (ended, "cancelled", 2)
    assert run(["migrate", "forget", ended, "--yes", "--json"]) == Exit.NOT_DONE
    assert json.loads(capsys.readouterr().out)["code"] == "migration_not_found"


def test_files_of_a_migration_forgotten_elsewhere_are_removed(
    ended: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The same command removes files here, without a question."""
    monkeypatch.setenv("CARDS_MIGRATIONS_DIR", str(tmp_path / "elsewhere"))
    assert run(["migrate", "forget", ended, "--yes"]) == Exit.DONE
    monkeypatch.setenv("CARDS_MIGRATIONS_DIR", str(folder))
    assert run(["migrate", "forget", ended]) == Exit.DONE
    assert list(folder.glob("*.sqlite")) == []
    assert run(["migrate", "forget", ended]) == Exit.NOT_DONE

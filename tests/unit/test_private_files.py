"""Files that are written on a machine are private to their owner, whatever the umask."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from producer.migrations.input.rows.spool import spool_input
from producer.migrations.model.rows import RowResult, RowState
from producer.migrations.results.results_file import Results
from producer.migrations.storage.data_directory import made_private, tighten_folder
from producer.migrations.storage.uploads import Upload, Uploads
from producer.migrations.storage.work_directory import WorkDirectory
from producer.security.private_files import private_folder

MIGRATION = "mig_" + "0" * 24


@pytest.fixture(autouse=True)
def _no_umask() -> Iterator[None]:
    """A umask that removes no rights."""
    before = os.umask(0)
    yield
    os.umask(before)


def open_to_others(folder: Path) -> list[str]:
    """The paths in the folder, and the folder itself, to which others have rights."""
    return sorted(
        str(path.relative_to(folder))
        for path in (folder, *folder.rglob("*"))
        if stat.S_IMODE(path.stat().st_mode) & 0o077
    )


def _write_all(folder: Path) -> Results:
    """A copy, an upload's marker, an unfinished report, and open results."""
    spool_input(io.BytesIO(b"userId,default_source\ncus_1,card_1\n"), folder)
    Uploads(folder).keep(Upload(MIGRATION, "input-x"))
    WorkDirectory(folder)
    results = Results.of(folder, MIGRATION)
    results.record([RowResult(1, RowState.APPLIED)])
    return results


def test_a_migrations_files_are_private(tmp_path: Path) -> None:
    """Copies, markers, reports and results with their journals, and the folders, are private."""
    folder = tmp_path / "data"
    results = _write_all(folder)
    assert {path.name.split("-")[-1] for path in folder.glob("*.sqlite*")} >= {"wal", "shm"}
    assert open_to_others(folder) == []
    results.close()


def test_existing_files_become_private(tmp_path: Path) -> None:
    """Files of earlier versions, or copied ones, become private at the next write or web start."""
    folder = tmp_path / "data"
    _write_all(folder).close()
    for close in (made_private, tighten_folder):
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
        close(folder)
        assert open_to_others(folder) == []


def test_a_shared_folder_is_not_changed(tmp_path: Path) -> None:
    """A home directory named as the data folder keeps its mode, and its other files theirs."""
    folder = tmp_path / "home"
    folder.mkdir(0o755)
    (folder / "letter.txt").touch(0o644)
    _write_all(folder).close()
    assert open_to_others(folder) == [".", "letter.txt"]


def test_links_are_not_followed(tmp_path: Path) -> None:
    """The target of a link among our names is not changed; the folder itself may be a link."""
    outside = tmp_path / "outside"
    outside.mkdir(0o755)
    folder = tmp_path / "data"
    folder.mkdir(0o755)
    (folder / "input-link").symlink_to(outside)
    linked = tmp_path / "linked"
    linked.symlink_to(folder)
    private_folder(linked, lambda _: True)
    assert stat.S_IMODE(outside.stat().st_mode) == 0o755
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_file_in_place_of_the_folder_is_an_error(tmp_path: Path) -> None:
    """A file is not taken for the folder."""
    (tmp_path / "data").touch()
    with pytest.raises(FileExistsError):
        private_folder(tmp_path / "data", lambda _: True)

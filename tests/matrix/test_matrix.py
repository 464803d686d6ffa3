"""What `make test-matrix` finds, runs and prints."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from local.servers.valkey import SERVER_SETTING, valkey_binary
from tests.matrix import debian, runs
from tests.matrix.absent import NotThereError
from tests.matrix.cells import Cell, all_cells
from tests.matrix.environment import ROOT
from tests.matrix.pythons import find_python
from tests.matrix.runs import Outcome, Verdict, run
from tests.matrix.servers import redis_7_0, server_at
from tests.matrix.table import exit_code, table

HERE = Cell("here", python="%d.%d" % sys.version_info[:2])  # noqa: UP031


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def outcome(verdict: Verdict) -> Outcome:
    return Outcome(Cell(verdict.name), verdict, "Python 3.99", "why")


def test_lower_bounds_are_tested() -> None:
    """requirements/oldest.in pins each lower bound of pyproject.toml, except that of pyarrow."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = [project["project"]["dependencies"], project["dependency-groups"]["bench"]]
    groups += project["project"]["optional-dependencies"].values()
    stated = [one for group in groups for one in group if not one.startswith(("card-", "pyarrow"))]
    bounds = {
        (match[1], match[2])
        for one in stated
        if (match := re.fullmatch(r"([a-z-]+)(?:\[\w+\])?>=([\d.]+)(?:;.*)?", one.strip()))
    }
    assert len({name for name, _ in bounds}) == len({re.split(r"[\[>]", one)[0] for one in stated})
    pins = re.findall(r"^([a-z-]+)==(.*)$", (ROOT / "requirements/oldest.in").read_text(), re.M)
    padded = {(name, _release(version)) for name, version in bounds}
    assert padded == {(name, _release(version)) for name, version in pins}


def _release(version: str) -> tuple[int, ...]:
    """A version without trailing zeros: 8 equals 8.0.0."""
    return tuple(int(part) for part in re.sub(r"(\.0)+$", "", version).split("."))


def test_a_python_is_found_under_a_version_manager(tmp_path: Path) -> None:
    """A shim that starts nothing is skipped, and the newest patch is chosen."""
    shim = program(tmp_path / "shims/python3.12", "echo 'version not set' >&2; exit 127")
    for patch in ("3.12.9", "3.12.10"):
        where = tmp_path / f".pyenv/versions/{patch}/bin/python3.12"
        program(where, f"echo 3.12; echo {where}")
    environ = {"PATH": str(shim.parent), "HOME": str(tmp_path)}
    assert find_python("3.12", environ).parts[-3] == "3.12.10"


def test_a_python_of_another_version_is_not_used(tmp_path: Path) -> None:
    """The interpreter itself reports its version, whatever its name."""
    program(tmp_path / "python3.12", "echo 3.11; echo /usr/bin/python3.11")
    with pytest.raises(NotThereError, match=r"3\.12"):
        find_python("3.12", {"PATH": str(tmp_path), "HOME": str(tmp_path)})


def test_what_is_missing_is_no_failure(tmp_path: Path) -> None:
    """A Python that the machine lacks, and a server that does not start, are not failures."""
    assert run(Cell("python3.99", python="3.99"), tmp_path, []).verdict is Verdict.NOT_THERE
    broken = program(tmp_path / "redis-server", "echo 'libssl is missing' >&2; exit 127")
    ended = run(Cell("broken", python=HERE.python, server=str(broken)), tmp_path, [])
    assert ended.verdict is Verdict.NOT_THERE
    assert "libssl is missing" in ended.detail


@pytest.mark.parametrize(
    ("body", "verdict"), [("pass", Verdict.PASSED), ("assert False", Verdict.FAILED)]
)
def test_a_cell_ends_as_its_tests_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, verdict: Verdict
) -> None:
    """The verdict is pytest's, its last line is reported, and its output is kept."""
    monkeypatch.setattr(runs, "environment", lambda *_: Path(sys.executable))
    tests = tmp_path / "test_it.py"
    tests.write_text(f"def test_it() -> None:\n    {body}\n")
    ended = run(Cell("it", python=HERE.python, tests=[str(tests)]), tmp_path, [])
    assert ended.verdict is verdict
    assert ended.detail.startswith("1 passed" if body == "pass" else "1 failed")
    assert ended.detail in (tmp_path / "it.log").read_text()


def test_the_server_reaches_the_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests start the cell's server; the machine's own settings do not reach them."""
    monkeypatch.setattr(runs, "environment", lambda *_: Path(sys.executable))
    monkeypatch.setenv("REDIS_URL", "redis://production:6379")
    monkeypatch.setenv("CARDS_LANGUAGE", "en")
    other = tmp_path / "other-server"
    other.symlink_to(valkey_binary())
    tests = tmp_path / "test_it.py"
    tests.write_text(
        "import os\n"
        "def test_it():\n"
        f"    assert os.environ[{SERVER_SETTING!r}] == {str(other)!r}\n"
        "    assert not {'REDIS_URL', 'CARDS_LANGUAGE'} & os.environ.keys()\n"
    )
    cell = Cell("it", python=HERE.python, server=str(other), tests=[str(tests)])
    assert run(cell, tmp_path, []).verdict is Verdict.PASSED


def test_a_machine_without_apt_has_no_other_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If neither PATH nor apt has a Redis, the error says so."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotThereError, match="no apt"):
        redis_7_0(tmp_path / "fetched")


def test_apt_says_why_it_has_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """apt's last line is the reason."""
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    monkeypatch.setattr(debian, "_KEYRING", keyring)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    program(tmp_path / "dpkg-deb", "exit 1")
    program(
        tmp_path / "apt-get",
        'if [ "$1" = indextargets ]; then echo http://mirror.invalid/debian/; exit; fi\n'
        "echo 'E: Could not resolve the mirror' >&2; exit 100",
    )
    with pytest.raises(NotThereError, match="Could not resolve"):
        debian.debian_redis("sid", tmp_path / "fetched")


def test_a_server_is_named_by_its_version(tmp_path: Path) -> None:
    """The name does not come from the file: Debian's redis-server may be any version."""
    line = "Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64"
    server = server_at(program(tmp_path / "valkey-server", f"echo '{line}'"))
    assert server.version == "Redis 7.0.15"


def test_the_table_names_every_cell() -> None:
    """Missing cells are listed as clearly as failed ones."""
    printed = table([outcome(verdict) for verdict in Verdict])
    assert re.search(r"^NOT_THERE +NOT THERE +Python 3\.99 +why$", printed, re.M)
    assert printed.endswith("1 passed, 1 FAILED, 1 NOT THERE")


def test_the_exit_code_depends_on_what_ran() -> None:
    """A failure counts, an absence does not, and if nothing ran, nothing was shown."""
    assert exit_code([outcome(Verdict.PASSED), outcome(Verdict.NOT_THERE)]) == 0
    assert exit_code([outcome(Verdict.PASSED), outcome(Verdict.FAILED)]) == 1
    assert exit_code([outcome(Verdict.NOT_THERE)]) == 1


def test_cells_have_distinct_names() -> None:
    """`--only` and the logs need them; another server adds one."""
    names = [cell.name for cell in all_cells([Path("/opt/redis/redis-server")])]
    assert len(set(names)) == len(names)
    assert "/opt/redis/redis-server" in names

"""`make audit` tells clean from vulnerable from not looked at."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
from packaging.version import Version
from pip_audit._format import JsonFormat
from pip_audit._service.interface import (
    ResolvedDependency,
    SkippedDependency,
    VulnerabilityResult,
)

from local.targets import audit
from tests.local.running import ROOT

_FAKE = Path(__file__).with_name("fake_pip_audit.py")
_PINS = "".join(f"{name}==1.0 \\\n    --hash=sha256:{name * 64}\n" for name in "abcde")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two files of requirements."""
    paths = [tmp_path / "dev.txt", tmp_path / "bench.txt"]
    for path in paths:
        path.write_text(f"# compiled\n{_PINS}")
    return paths


def told(
    mode: str, files: list[Path], capsys: pytest.CaptureFixture[str], seconds: float = 60
) -> tuple[int, str]:
    """Exit code and what was said, of an audit by the fake pip-audit."""
    code = audit.main(files, [sys.executable, str(_FAKE), mode], probe_seconds=seconds)
    return code, capsys.readouterr().err.strip()


def test_clean(files: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing is known the audit passes, and says how many pins were looked up."""
    assert told("clean", files, capsys) == (0, "audit: nothing known against 10 pins")


def test_vulnerable(files: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    """A known vulnerability fails, named with its package and what mends it, once."""
    code, said = told("vulnerable", files, capsys)
    assert code == 1
    assert said == "audit: VULNERABLE: e 1.0: PYSEC-2026-1, CVE-2026-1; mended in 9.9"


@pytest.mark.parametrize("mode", ["unreachable", "blocked"])
def test_unreachable(mode: str, files: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    """A service out of reach is said in one line and fails nothing."""
    assert told(mode, files, capsys) == (0, audit.NOT_DONE)


def test_hanging(files: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    """A service that never answers is given up after the probe's time."""
    assert told("hanging", files, capsys, seconds=0.2) == (0, audit.NOT_DONE)


def test_hanging_after_the_probe(
    files: list[Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that stops answering later is given up, too, and nothing is called clean."""
    monkeypatch.setattr(audit, "AUDIT_SECONDS", 0.2)
    assert told("hanging-later", files, capsys) == (0, audit.NOT_DONE)


def test_a_service_without_advisories_is_no_clean_bill(
    files: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Where every package is unknown to the service the audit was not done, and says so."""
    assert told("knows-none", files, capsys) == (0, audit.NOTHING_KNOWN)


def test_a_package_that_the_service_lacks_is_named(
    files: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """What could not be looked up is named, and not counted."""
    code, said = told("lacks-last", files, capsys)
    assert code == 0
    assert said.splitlines() == [
        "audit: NOT LOOKED UP, since the service lacks them: e",
        "audit: nothing known against 8 pins",
    ]


@pytest.mark.parametrize(
    ("mode", "why"), [("wrong", "does not contain a hash"), ("silent", "exit code 3")]
)
def test_another_failure_is_not_taken_for_the_network(
    mode: str, why: str, files: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Where pip-audit fails without the service's fault the audit fails and says why."""
    code, said = told(mode, files, capsys)
    assert code == 1
    assert said.startswith("audit: FAILED")
    assert why in said


def test_requirements_without_hashes_fail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file without a hash is not called clean."""
    (tmp_path / "dev.txt").write_text("a==1.0\n")
    code, said = told("clean", [tmp_path / "dev.txt"], capsys)
    assert (code, said.splitlines()[0]) == (1, "audit: FAILED")


def test_the_report_of_pip_audit_itself_is_understood() -> None:
    """What pip-audit's own formatter writes is read as it is meant."""
    flaw = VulnerabilityResult.create(
        ids=["PYSEC-2026-1", "CVE-2026-1"],
        description="",
        fix_versions=[Version("1.1"), Version("2.0")],
        published=None,
    )
    report = JsonFormat(output_desc=False, output_aliases=True).format(
        {
            ResolvedDependency("a", Version("1.0")): [flaw],
            ResolvedDependency("b", Version("1.0")): [],
            SkippedDependency("c", "not found"): [],
        },
        [],
    )
    assert audit.Findings.read(report) == audit.Findings(
        audited=2,
        unknown=("c",),
        vulnerable=("a 1.0: PYSEC-2026-1, CVE-2026-1; mended in 1.1, 2.0",),
    )


def test_all_that_ships_or_is_installed_is_audited() -> None:
    """The files that are audited have every pin but those of the oldest versions."""
    audited = "".join(path.read_text() for path in audit.FILES)
    for path in (ROOT / "requirements").glob("*.txt"):
        if path.name != "oldest.txt":
            pins = [line.split(" ")[0] for line in path.read_text().splitlines() if "==" in line]
            assert pins
            assert [pin for pin in pins if pin not in audited] == []


def test_pip_audit_itself_out_of_reach(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The real pip-audit takes the real requirements, and behind a dead proxy it is unreachable."""
    for name in ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.socket() as bound:  # bound and not listening: it refuses
        bound.bind(("127.0.0.1", 0))
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{bound.getsockname()[1]}")
        with pytest.raises(audit.UnreachableError, match="ProxyError"):
            audit.run(audit.PIP_AUDIT, audit.FILES[0], 100)
        assert audit.main() == 0
    assert capsys.readouterr().err.strip() == audit.NOT_DONE

"""`make audit` distinguishes clean, vulnerable and not checked."""

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


def run_audit(
    mode: str, files: list[Path], capsys: pytest.CaptureFixture[str], seconds: float = 60
) -> tuple[int, str]:
    """Exit code and output of an audit with the fake pip-audit."""
    code = audit.main(files, [sys.executable, str(_FAKE), mode], probe_seconds=seconds)
    return code, capsys.readouterr().err.strip()


def test_clean(files: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    """Without known vulnerabilities the audit passes, and says how many pins were looked up."""
    assert run_audit("clean", files, capsys) == (0, "audit: no known vulnerabilities in 10 pins")


def test_vulnerable(files: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    """A known vulnerability fails the audit, and is named once, with its package and the fix."""
    code, output = run_audit("vulnerable", files, capsys)
    assert code == 1
    assert output == "audit: VULNERABLE: e 1.0: PYSEC-2026-1, CVE-2026-1; fixed in 9.9"


@pytest.mark.parametrize("mode", ["unreachable", "blocked"])
def test_unreachable(mode: str, files: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    """An unreachable service is reported in one line and fails nothing."""
    assert run_audit(mode, files, capsys) == (0, audit.NOT_DONE)


def test_hanging(files: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    """A service that never answers is abandoned after the probe's time."""
    assert run_audit("hanging", files, capsys, seconds=0.2) == (0, audit.NOT_DONE)


def test_hanging_after_the_probe(
    files: list[Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that stops answering later is abandoned too, and nothing is called clean."""
    monkeypatch.setattr(audit, "AUDIT_SECONDS", 0.2)
    assert run_audit("hanging-later", files, capsys) == (0, audit.NOT_DONE)


def test_a_service_without_advisories_proves_nothing(
    files: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """If the service knows none of the packages, the audit says that it was not done."""
    assert run_audit("knows-none", files, capsys) == (0, audit.NOTHING_KNOWN)


def test_a_package_that_the_service_lacks_is_named(
    files: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A package that could not be looked up is named, and not counted."""
    code, output = run_audit("lacks-last", files, capsys)
    assert code == 0
    assert output.splitlines() == [
        "audit: NOT LOOKED UP, unknown to the service: e",
        "audit: no known vulnerabilities in 8 pins",
    ]


@pytest.mark.parametrize(
    ("mode", "why"), [("wrong", "does not contain a hash"), ("silent", "exit code 3")]
)
def test_another_failure_is_not_mistaken_for_the_network(
    mode: str, why: str, files: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """If pip-audit fails, and not through the service, the audit fails and says why."""
    code, output = run_audit(mode, files, capsys)
    assert code == 1
    assert output.startswith("audit: FAILED")
    assert why in output


def test_requirements_without_hashes_fail(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file without hashes is not called clean."""
    (tmp_path / "dev.txt").write_text("a==1.0\n")
    code, output = run_audit("clean", [tmp_path / "dev.txt"], capsys)
    assert (code, output.splitlines()[0]) == (1, "audit: FAILED")


def test_pip_audits_own_report_is_read() -> None:
    """A report by pip-audit's own formatter is read correctly."""
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
        vulnerable=("a 1.0: PYSEC-2026-1, CVE-2026-1; fixed in 1.1, 2.0",),
    )


def test_all_that_ships_or_is_installed_is_audited() -> None:
    """Every pin is audited, except those of the oldest versions."""
    audited = "".join(path.read_text() for path in audit.FILES)
    for path in (ROOT / "requirements").glob("*.txt"):
        if path.name != "oldest.txt":
            pins = [line.split(" ")[0] for line in path.read_text().splitlines() if "==" in line]
            assert pins
            assert [pin for pin in pins if pin not in audited] == []


def test_the_real_pip_audit_without_a_network(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The real pip-audit accepts the real requirements; behind a dead proxy it is unreachable."""
    for name in ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with socket.socket() as bound:  # bound but not listening: it refuses connections
        bound.bind(("127.0.0.1", 0))
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{bound.getsockname()[1]}")
        with pytest.raises(audit.UnreachableError, match="ProxyError"):
            audit.run(audit.PIP_AUDIT, audit.FILES[0], 100)
        assert audit.main() == 0
    assert capsys.readouterr().err.strip() == audit.NOT_DONE

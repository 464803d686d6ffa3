"""`make audit`: checks the pinned requirements for known vulnerabilities with pip-audit.

If the advisory service is unreachable, it says so and does not fail.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
# dev.txt has everything that ships. oldest.txt is old on purpose and ships nowhere.
FILES = tuple(_ROOT / "requirements" / name for name in ("dev.txt", "bench.txt"))
PIP_AUDIT = (sys.executable, "-m", "pip_audit")
NOT_DONE = "audit: NOT DONE, the advisory service cannot be reached"
NOTHING_KNOWN = "audit: NOT DONE, the advisory service knows none of the packages"

# A few packages are looked up first, so that an unusable service costs seconds, not minutes.
PROBED = 3
PROBE_SECONDS = 8.0
AUDIT_SECONDS = 180.0
_SOCKET_SECONDS = 4
# Output of pip-audit when the service is at fault, not a requirement or pip-audit itself.
_SERVICE_AT_FAULT = re.compile(
    r"^(requests\.exceptions|urllib3\.exceptions|pip_audit\._service)\.|Could not connect to"
    r"|network may be blocking",
    re.MULTILINE,
)


class UnreachableError(Exception):
    """The advisory service gave no answer, or an unreadable one."""


class AuditFailedError(Exception):
    """pip-audit failed for another reason; the message has its last lines."""


@dataclass(frozen=True)
class Findings:
    """pip-audit's report: how many packages it looked up, and what it found."""

    audited: int
    unknown: tuple[str, ...]
    vulnerable: tuple[str, ...]

    @classmethod
    def read(cls, text: str) -> Findings:
        """Read pip-audit's JSON. Raises ValueError if it is malformed."""
        try:
            packages: list[dict[str, Any]] = json.loads(text)["dependencies"]
            known = [one for one in packages if "skip_reason" not in one]
            return cls(
                audited=len(known),
                unknown=tuple(one["name"] for one in packages if "skip_reason" in one),
                vulnerable=tuple(_described(one, found) for one in known for found in one["vulns"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a report of pip-audit: {error!r}") from error


def main(
    files: Sequence[Path] = FILES,
    pip_audit: Sequence[str] = PIP_AUDIT,
    probe_seconds: float = PROBE_SECONDS,
) -> int:
    """Return the exit code: 1 if something was found or pip-audit failed, else 0."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            probe = Path(folder) / "probe.txt"
            probe.write_text(_first_requirements(files[0].read_text()))
            # A mirror without advisories finds nothing for any package; that proves nothing.
            if not run(pip_audit, probe, probe_seconds).audited:
                _say(NOTHING_KNOWN)
                return 0
        # File by file: pip-audit refuses two versions of a package, which these files may have.
        findings = [run(pip_audit, path, AUDIT_SECONDS) for path in files]
    except UnreachableError:
        _say(NOT_DONE)
        return 0
    except AuditFailedError as error:
        _say(f"audit: FAILED\n{error}")
        return 1
    if unknown := sorted({name for one in findings for name in one.unknown}):
        _say(f"audit: NOT LOOKED UP, unknown to the service: {', '.join(unknown)}")
    vulnerable = sorted({line for one in findings for line in one.vulnerable})
    for line in vulnerable:
        _say(f"audit: VULNERABLE: {line}")
    if vulnerable:
        return 1
    _say(f"audit: no known vulnerabilities in {sum(one.audited for one in findings)} pins")
    return 0


def run(pip_audit: Sequence[str], requirements: Path, seconds: float) -> Findings:
    """Run pip-audit on a file, for at most `seconds`.

    Raises UnreachableError if it took longer or the service is at fault, AuditFailedError for any
    other failure.
    """
    command = [
        *pip_audit,
        *("--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json"),
        *("--desc=off", f"--timeout={_SOCKET_SECONDS}"),
        f"--cache-dir={_ROOT / '.local' / 'cache' / 'pip-audit'}",
        f"--requirement={requirements}",
    ]
    # Files, since a pipe stays open as long as a grandchild holds it.
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, start_new_session=True)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise UnreachableError(f"no answer in {seconds:g} s") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        out.seek(0)
        err.seek(0)
        errors = err.read()
        try:
            return Findings.read(out.read())
        except ValueError:
            last = "\n".join(errors.strip().splitlines()[-5:])
            if _SERVICE_AT_FAULT.search(errors):
                raise UnreachableError(last) from None
            raise AuditFailedError(last or f"exit code {process.returncode}") from None


def _first_requirements(text: str) -> str:
    """The first pins with their hashes, from a file written by `make requirements`."""
    found = re.findall(r"^[^#\s].*(?:\n\s+--hash.*)+", text, re.MULTILINE)
    if not found:
        raise AuditFailedError("there are no requirements with hashes")
    return "\n".join(found[:PROBED]) + "\n"


def _described(package: dict[str, Any], found: dict[str, Any]) -> str:
    fixed = ", ".join(found["fix_versions"]) or "no version yet"
    names = ", ".join([found["id"], *found.get("aliases", [])])
    return f"{package['name']} {package['version']}: {names}; fixed in {fixed}"


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())

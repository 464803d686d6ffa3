"""systemd accepts the units, and they keep what the guarantees depend on."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from local.targets.config_table import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy/systemd"
UNITS = {"web": "cards-web@", "worker": "cards-worker@", "flower": "cards-flower"}
INSTANCES = {"web": "8000", "worker": "1", "flower": ""}
INSTALLED = "/opt/card-commands/bin/"
# On systemd's scale to 100.
MOST_EXPOSED = 20


def _service(process: str) -> dict[str, list[str]]:
    """The settings of [Service], each with its values in order."""
    text = (FOLDER / f"{UNITS[process]}.service").read_text("utf-8")
    found: dict[str, list[str]] = {}
    section = ""
    for line in text.splitlines():
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            section = heading[1]
        elif line and not line.startswith("#"):
            name, sign, value = line.partition("=")
            assert sign, line
            assert re.fullmatch(r"[A-Z]\w+", name), line
            if section == "Service":
                found.setdefault(name, []).append(value)
    return found


def _named_in(name: str) -> dict[str, str]:
    """The variables that an example of an EnvironmentFile sets."""
    lines = (FOLDER / f"{name}.env.example").read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.mark.parametrize("process", UNITS)
def test_processes_are_the_same_as_in_the_procfile(process: str) -> None:
    """They have the same commands; a worker also has a name."""
    (command,) = _service(process)["ExecStart"]
    lines = dict(
        line.split(": ", 1) for line in (ROOT / "Procfile").read_text("utf-8").splitlines()
    )
    assert command.startswith(INSTALLED + lines[process])


def test_the_package_worker_is_found() -> None:
    """It is not in the wheel: the runbook copies it to the units' folder."""
    app = INSTALLED.replace("/bin/", "/app")
    for process in ("worker", "flower"):
        assert f"PYTHONPATH={app}" in _service(process)["Environment"][0].split()
    steps = (ROOT / "docs/deploying.md").read_text("utf-8")
    assert f"mkdir -p {app} && cp -r worker {app}/" in steps


@pytest.mark.parametrize("process", UNITS)
def test_a_process_is_restarted_and_has_time_to_end(process: str) -> None:
    """More than a worker takes to stop (30 s), and web with its delay (10 s more)."""
    service = _service(process)
    assert service["Restart"] == ["always"]
    assert service["KillMode"] == ["mixed"]
    delay = int(_named_in(process).get("CARDS_SHUTDOWN_DELAY", 0))
    least = {"web": delay + 10, "worker": 30, "flower": 0}[process]
    assert int(service["TimeoutStopSec"][0]) > least


@pytest.mark.parametrize("process", UNITS)
def test_each_process_has_its_own_user_and_secrets(process: str) -> None:
    """Processes of one user can read each other's environment; a worker's has the Stripe key."""
    service = _service(process)
    assert service["DynamicUser"] == ["yes"]
    assert service.get("User", []) == (["cards-web"] if process == "web" else [])
    assert service["EnvironmentFile"] == [
        "/etc/card-commands/settings.env",
        f"/etc/card-commands/{process}.env",
    ]
    assert service["NoNewPrivileges"] == ["yes"]
    assert service["ProtectSystem"] == ["strict"]
    assert service["CapabilityBoundingSet"] == [""]


def test_examples_name_settings_and_no_secret_values() -> None:
    """Secrets are in the process's own file, without a value."""
    known = {one.name: one for one in SETTINGS}
    for name in ("settings", *UNITS):
        for setting, value in _named_in(name).items():
            assert not (known[setting].secret and (value or name == "settings")), setting
    holders = [name for name in ("settings", *UNITS) if "STRIPE_API_KEY" in _named_in(name)]
    assert holders == ["worker"]


@pytest.mark.systemd
@pytest.mark.parametrize("process", UNITS)
def test_systemd_accepts_the_units(process: str, tmp_path: Path) -> None:
    """It knows each setting, and rates the process as little exposed."""
    text = (FOLDER / f"{UNITS[process]}.service").read_text("utf-8")
    unit = tmp_path / f"{UNITS[process]}{INSTANCES[process]}.service"
    unit.write_text(text.replace(INSTALLED, f"{Path(sys.executable).parent}/"), "utf-8")
    for command in (
        ["verify", "--man=no", "--recursive-errors=no", str(unit)],
        ["security", "--offline=yes", f"--threshold={MOST_EXPOSED}", str(unit)],
    ):
        done = subprocess.run(["systemd-analyze", *command], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "Unknown" not in done.stderr, done.stderr

"""A short run of `make chaos`: workers, web and Redis are killed under load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = 300
OPTIONS = {
    "--seconds": 24,
    "--commands": COMMANDS,
    "--customers": 30,
    "--workers": 2,
    "--kills-every": 3,
    "--redis-kills-every": 9,
    "--settle": 120,
    "--seed": 20_261,
}


@pytest.mark.extended
@pytest.mark.crash
@pytest.mark.timeout(300)
def test_a_short_run_breaks_no_promise(tmp_path: Path) -> None:
    """Under kills and faults at Stripe nothing is lost, doubled, out of order or untrue."""
    options = [str(part) for option in OPTIONS.items() for part in option]
    run = subprocess.run(
        [sys.executable, "-m", "chaos", "--json", "--directory", str(tmp_path), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout, run.stderr
    report = json.loads(run.stdout)
    assert report["good"], json.dumps(report["findings"], indent=2)
    assert run.returncode == 0
    # The run was meaningful: most orders were accepted, and processes were killed.
    assert report["accepted"] > COMMANDS / 2
    assert report["ended"]["succeeded"] > COMMANDS / 3
    assert sum(number for what, number in report["mischief"].items() if "killed" in what) >= 5

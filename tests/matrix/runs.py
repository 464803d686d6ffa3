"""Runs one cell and reports its result."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from local.processes.guard import Guard
from local.servers.valkey import SERVER_SETTING
from tests.matrix.absent import NotThereError
from tests.matrix.cells import Cell
from tests.matrix.environment import ROOT, environment
from tests.matrix.pythons import find_python
from tests.matrix.servers import SERVERS, Server, server_at

# Settings of the machine must not reach the tests, nor this environment another's.
_NOT_HANDED_ON = re.compile(
    r"(CARDS|STRIPE|PYTEST|PYTHON)\w*|VIRTUAL_ENV|UV_PROJECT_ENVIRONMENT|REDIS_URL|HOST|PORT"
)
_LAST_LINE = re.compile(r"\d+ (passed|failed|errors?)\b.* in ")


class Verdict(Enum):
    """A cell's result."""

    PASSED = "passed"
    FAILED = "FAILED"
    NOT_THERE = "NOT THERE"


@dataclass(frozen=True)
class Outcome:
    """A cell's result. `ran_on` and `detail` are for people."""

    cell: Cell
    verdict: Verdict
    ran_on: str
    detail: str


def run(cell: Cell, work: Path, options: Sequence[str]) -> Outcome:
    """Run the cell's tests; pytest gets `options`. What the cell needs is created in `work`.

    pytest's output goes to stderr and to a log in `work`.
    """
    try:
        python = find_python(cell.python)
        server = _server(cell, work)
        folder = work / f"python{cell.python}-{Path(cell.requirements).stem}"
        made = environment(python, ROOT / "requirements" / cell.requirements, folder)
    except NotThereError as error:
        return Outcome(cell, Verdict.NOT_THERE, "", str(error))
    ran_on = f"{_version(made)}, {server.version if server else _embedded(made)}"
    _say(f"{cell.name}: {ran_on}")
    log = work / f"{cell.name.strip('/').replace('/', '-')}.log"
    command = [str(made), "-m", "pytest", "-m", "not browser", "-p", "no:cacheprovider"]
    started_at = time.monotonic()
    code, last = _tee([*command, *options, *cell.tests], _environ(os.environ, server), log)
    detail = last or f"pytest ended with {code}"
    _say(f"{cell.name}: {detail} ({time.monotonic() - started_at:.0f} s), see {log}")
    verdict = Verdict.FAILED if code else Verdict.PASSED
    return Outcome(cell, verdict, ran_on, detail)


def _server(cell: Cell, work: Path) -> Server | None:
    if cell.server is None:
        return None
    if cell.server in SERVERS:
        return SERVERS[cell.server](work / cell.server)
    return server_at(Path(cell.server))


def _environ(own: Mapping[str, str], server: Server | None) -> dict[str, str]:
    environ = {name: value for name, value in own.items() if not _NOT_HANDED_ON.fullmatch(name)}
    if server is not None:
        environ[SERVER_SETTING] = str(server.binary)
    return environ


def _tee(command: Sequence[str], environ: Mapping[str, str], log: Path) -> tuple[int, str]:
    """The exit code, and pytest's last line, if any. pytest ends with this program."""
    last = ""
    guard = Guard()
    try:
        process = guard.spawn(
            command,
            cwd=ROOT,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert process.stdout is not None
        with log.open("w") as kept, process.stdout as printed:
            for line in printed:
                text = line.decode(errors="replace")
                kept.write(text)
                sys.stderr.write(text)
                if _LAST_LINE.search(text):
                    last = text.strip("= \n")
        return process.wait(), last
    finally:
        guard.close()


def _version(python: Path) -> str:
    said = subprocess.run([python, "--version"], capture_output=True, text=True, check=True)
    return said.stdout.strip()


def _embedded(python: Path) -> str:
    code = "from local.servers.valkey import valkey_binary; print(valkey_binary())"
    environ = _environ(os.environ, None)
    asked = [str(python), "-c", code]
    printed = subprocess.run(
        asked, capture_output=True, text=True, check=True, env=environ, cwd=ROOT
    )
    return server_at(Path(printed.stdout.strip())).version


def _say(text: str) -> None:
    print(f"matrix: {text}", file=sys.stderr, flush=True)

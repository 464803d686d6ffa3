"""`python -m chaos`: exits with 0 if every guarantee held, 1 if not, 2 if the run failed."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from chaos.check.checker import check
from chaos.check.report import Report
from chaos.history import read
from chaos.options import Options
from chaos.run import Run, run
from chaos.system.cluster import VALKEY, NotStartedError


def main(argv: Sequence[str] | None = None) -> int:
    """Return the exit code."""
    options = Options.parse(argv)
    if options.check is not None:
        try:
            report = check(read(options.check))
        except (OSError, ValueError) as error:
            _say(f"chaos: {error}")
            return 2
        _print(report, options)
        return 0 if report.good else 1
    directory = options.directory or Path(tempfile.mkdtemp(prefix="cards-chaos-"))
    directory.mkdir(parents=True, exist_ok=True)
    _say(f"seed {options.seed}, history and logs in {directory}")
    try:
        found = asyncio.run(_until_stopped(options, directory))
    except (KeyboardInterrupt, asyncio.CancelledError):
        _say("chaos: stopped; nothing was checked")
        return 2
    except (NotStartedError, TimeoutError) as error:
        _say(f"chaos: {error}")
        return 2
    _print(found.report, options)
    exits = ", ".join(f"{name} ({code})" for name, code in found.unexpected_exits) or "none"
    _say(f"exited unexpectedly, and were restarted: {exits}")
    _say(f"{found.seconds:.0f} s; check again: python -m chaos --check {found.history}")
    shutil.rmtree(directory / "pycache", ignore_errors=True)
    if found.report.good:
        shutil.rmtree(directory / VALKEY, ignore_errors=True)
        return 0
    return 1


async def _until_stopped(options: Options, directory: Path) -> Run:
    # SIGTERM ends a run as Ctrl-C does: every process is stopped.
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(options, directory)


def _print(report: Report, options: Options) -> None:
    text = json.dumps(report.as_json(), indent=2) if options.json else report.table()
    sys.stdout.write(text + "\n")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())

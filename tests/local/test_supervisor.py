"""How the supervisor treats one program."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from local.processes.guard import Guard
from local.running.console import Console
from local.running.supervisor import ExitedError, Program, Supervisor

pytestmark = pytest.mark.crash

# Its first run leaves a child behind, which holds the descriptor; every run writes its id.
_LEADER = """
import os, signal, subprocess, sys
held, ids = int(sys.argv[1]), sys.argv[2]
if not os.path.getsize(ids):
    subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], close_fds=False)
os.close(held)
with open(ids, "a") as file:
    file.write(f"{os.getpid()}\\n")
signal.pause()
"""


async def written_ids(path: Path, count: int) -> list[int]:
    """The ids written to `path`, once there are `count`."""
    async with asyncio.timeout(30):
        while len(ids := path.read_text().split()) < count:
            await asyncio.sleep(0.01)
    return [int(each) for each in ids]


async def closed(descriptor: int) -> None:
    """Wait until no process holds the other end of a pipe."""
    gone = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, gone.set)
    async with asyncio.timeout(30):
        await gone.wait()
    loop.remove_reader(descriptor)


async def test_children_of_a_killed_process_end_before_its_restart(tmp_path: Path) -> None:
    """A killed process is restarted, and its children are killed."""
    ids = tmp_path / "ids"
    ids.touch()
    alive, held = os.pipe()
    with Guard() as guard:
        supervisor = Supervisor(Console(), guard)
        argv = [sys.executable, "-c", _LEADER, str(held), str(ids)]
        supervisor.start(Program("leader", argv, env=dict(os.environ), keep_open=[held]))
        (first,) = await written_ids(ids, 1)
        os.close(held)
        held = os.open(os.devnull, os.O_RDONLY)  # the second run closes this number too
        supervisor.mark_ready("leader")
        os.kill(first, signal.SIGKILL)
        await closed(alive)
        _, second = await written_ids(ids, 2)
        assert second != first
        await supervisor.stop()
    os.close(alive)
    os.close(held)


@pytest.mark.parametrize(
    ("argv", "code"),
    [([sys.executable, "-c", "raise SystemExit('PORT is wrong')"], 1), (["/nonexistent"], 127)],
)
async def test_a_program_that_cannot_start_is_not_restarted(argv: list[str], code: int) -> None:
    """A program that exits before it was ready, or cannot be executed, is not restarted."""
    with Guard() as guard:
        supervisor = Supervisor(Console(), guard)
        supervisor.start(Program("broken", argv, env=dict(os.environ)))
        with pytest.raises(ExitedError, match="broken did not start") as failure:
            await supervisor.failed()
        assert failure.value.code == code
        await supervisor.stop()

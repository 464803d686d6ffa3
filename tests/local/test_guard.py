"""Children of a guard do not outlive it."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys

import pytest

from local.processes.guard import Guard
from tests.local.running import ROOT

pytestmark = pytest.mark.crash

_OWNER = """
import signal, sys
from local.processes.guard import Guard
held = int(sys.argv[1])
child = '''
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if len(sys.argv) == 1:
    subprocess.Popen([sys.executable, "-c", sys.stdin.read(), "grandchild"], close_fds=False)
else:
    print("both run", flush=True)
signal.pause()
'''
import subprocess, tempfile
source = tempfile.TemporaryFile()
source.write(child.encode())
source.seek(0)
guard = Guard()
guard.spawn([sys.executable, "-c", child], stdin=source, pass_fds=[held])
signal.pause()
"""


def test_a_killed_owner_takes_children_and_grandchildren_along() -> None:
    """SIGKILL of the owner ends its child and its grandchild, though both ignore SIGTERM."""
    alive, held = os.pipe()
    owner = subprocess.Popen(
        [sys.executable, "-c", _OWNER, str(held)],
        stdout=subprocess.PIPE,
        pass_fds=[held],
        cwd=ROOT,
    )
    os.close(held)
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"both run\n"
    owner.kill()
    owner.wait()
    assert select.select([alive], [], [], 10)[0], "a process is left"
    os.close(alive)
    owner.stdout.close()


def test_a_killed_watcher_is_replaced() -> None:
    """A guard whose watcher was killed still ends the children started before."""
    guard = Guard()
    child = guard.spawn([sys.executable, "-c", "import signal; signal.pause()"])
    first = guard.watcher_pid
    os.kill(first, signal.SIGKILL)
    while guard.watcher_pid == first:
        guard.renew()
    guard.close()
    assert child.wait(10) == -signal.SIGTERM


def test_release_kills_the_rest_of_a_group() -> None:
    """When an ended child is released, the other processes of its group are killed."""
    alive, held = os.pipe()
    with Guard() as guard:
        leaver = (
            "import subprocess, sys; subprocess.Popen([sys.executable, '-c', "
            "'import signal; signal.pause()'], close_fds=False)"
        )
        child = guard.spawn([sys.executable, "-c", leaver], pass_fds=[held])
        os.close(held)
        child.wait()
        guard.release(child.pid)
        assert select.select([alive], [], [], 10)[0], "a process is left"
    os.close(alive)

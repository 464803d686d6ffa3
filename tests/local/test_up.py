"""`make up` as a whole, with real Valkey, and dummies for web, worker, flower and sandbox."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from pathlib import Path

import pytest
import redis

from tests.local.conftest import StartUp
from tests.local.running import READY, up_command

pytestmark = [pytest.mark.integration, pytest.mark.crash]


def pid_of(name: str) -> str:
    return rf"{name} +\| pid (\d+)"


def test_prints_addresses_and_a_request_to_try(start_up: StartUp, tmp_path: Path) -> None:
    """Once everything is ready, it prints the addresses and a curl for the initial customer."""
    running = start_up().until_ready()
    running.line("curl -s http://127.0.0.1:.*cus_QRs9eKZ4xUzN2TP9")
    printed = "".join(running.seen)
    addresses = json.loads((tmp_path / "data" / "addresses.json").read_text())
    assert set(addresses) == {"web", "docs", "flower", "sandbox", "redis"}
    for address in addresses.values():
        assert address in printed


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything(start_up: StartUp, signum: signal.Signals) -> None:
    """Ctrl-C, SIGTERM and a closed terminal end all processes within 10 s, with exit code 0."""
    running = start_up().until_ready()
    running.process.send_signal(signum)
    assert running.ended() == 0


def test_a_closed_terminal_ends_nothing_under_nohup(start_up: StartUp) -> None:
    """If SIGHUP is ignored from the start, as under `nohup`, everything runs on after one."""
    running = start_up(hangup=signal.SIG_IGN)
    worker = int(running.line(pid_of("worker"))[1])
    running.until_ready()
    running.process.send_signal(signal.SIGHUP)
    os.kill(worker, signal.SIGKILL)
    running.line(pid_of("worker"))
    running.process.send_signal(signal.SIGTERM)
    assert running.ended() == 0


def test_a_signal_during_the_start_ends_everything(start_up: StartUp) -> None:
    """A Ctrl-C before everything is ready leaves no process either."""
    running = start_up()
    running.line(pid_of("sandbox"))
    running.process.send_signal(signal.SIGINT)
    assert running.ended() == 0


def test_a_hung_process_is_killed_in_time(start_up: StartUp) -> None:
    """A process and its child that ignore SIGTERM are killed within 10 s."""
    running = start_up(DUMMY_HUNG="worker")
    running.line(pid_of("worker"))
    running.until_ready()
    running.process.send_signal(signal.SIGTERM)
    assert running.ended() == 0
    assert "worker did not end in time and was killed" in running.rest()


def test_a_stopped_process_ends_too(start_up: StartUp) -> None:
    """A suspended process is woken so that it ends."""
    running = start_up()
    pid = int(running.line(pid_of("worker"))[1])
    running.until_ready()
    os.kill(pid, signal.SIGSTOP)
    running.process.send_signal(signal.SIGTERM)
    assert running.ended() == 0


@pytest.mark.parametrize("name", ["web", "worker", "flower", "sandbox"])
def test_a_killed_process_is_restarted(start_up: StartUp, name: str) -> None:
    """After SIGKILL a process runs again, with another id."""
    running = start_up()
    first = int(running.line(pid_of(name))[1])
    running.until_ready()
    os.kill(first, signal.SIGKILL)
    running.line(rf"{name} ended \(SIGKILL\)")
    assert int(running.line(pid_of(name))[1]) != first


def test_no_process_is_left_when_the_supervisor_is_killed(start_up: StartUp) -> None:
    """SIGKILL of the supervisor ends every process, hung ones and their children included."""
    running = start_up(DUMMY_HUNG="web").until_ready()
    running.process.kill()
    running.ended()


def test_no_process_is_left_when_its_parent_is_killed(start_up: StartUp) -> None:
    """SIGKILL of the `make` around it ends every process."""
    command = ["sh", "-c", '"$@" --parent $$; :', "sh", *up_command()]
    running = start_up(command=command).until_ready()
    running.process.kill()
    running.ended()


def test_the_journal_survives_a_restart(start_up: StartUp, tmp_path: Path) -> None:
    """A write that Redis acknowledged before the supervisor was killed is there afterwards."""
    addresses = tmp_path / "data" / "addresses.json"
    running = start_up().until_ready()
    with redis.Redis.from_url(json.loads(addresses.read_text())["redis"]) as client:
        client.set("accepted", "1")
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
    running.process.kill()
    running.process.wait()
    start_up().until_ready()
    with redis.Redis.from_url(json.loads(addresses.read_text())["redis"]) as client:
        assert client.get("accepted") == b"1"


def test_two_copies_run_side_by_side(start_up: StartUp, tmp_path: Path) -> None:
    """Two copies with their own folders and PORTs share no address."""
    start_up().until_ready()
    start_up(CARDS_DATA_DIR=str(tmp_path / "other")).until_ready()
    one, other = (
        set(json.loads((tmp_path / folder / "addresses.json").read_text()).values())
        for folder in ("data", "other")
    )
    assert not one & other


def test_two_copies_in_one_folder_are_refused(start_up: StartUp) -> None:
    """The second copy names the process that holds the folder, and leaves it alone."""
    first = start_up().until_ready()
    second = start_up()
    second.line(rf"in use by another `make up` \(process {first.process.pid}\).*CARDS_DATA_DIR")
    assert second.ended() == 1
    assert first.process.poll() is None


def test_a_port_in_use_is_named(start_up: StartUp) -> None:
    """A PORT in use is reported in one line that names PORT; nothing is started."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        running = start_up(PORT=str(port))
        assert running.ended() == 1
    output = running.rest()
    assert len(output.splitlines()) == 1
    assert f"PORT {port} is in use" in output


def test_a_process_that_exits_at_start_ends_everything(start_up: StartUp) -> None:
    """The last output of the process is repeated as the reason; no process is left."""
    running = start_up(DUMMY_FAILS="worker")
    assert running.ended() == 1
    output = running.rest()
    assert re.search(r"make up: worker did not start \(exit code 1\): CARDS_X must be", output)
    assert READY not in output

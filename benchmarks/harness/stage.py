"""The servers and processes of a benchmark, which end with it in any case."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from local.processes.guard import Guard, ask_to_end
from local.processes.ports import free_port
from local.running.plan import SANDBOX_KEY
from local.servers.valkey import ValkeyServer
from producer.journal import BlockingJournal, workers_seen
from sandbox.control.client import SandboxControl

ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0
_STOP_S = 20.0


class Stage:
    """Starts processes; on exit stops them and removes their files."""

    def __init__(self) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="cards-bench-"))
        self._guard = Guard()
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._valkeys: list[ValkeyServer] = []
        self.sandbox_url = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            ask_to_end(process.pid)
        for process in list(self._processes.values()):
            self._ended(process)
        for server in self._valkeys:
            server.stop()
        self._guard.close()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def valkey(self, config: Mapping[str, str] | None = None) -> ValkeyServer:
        """A new durable server (AOF, fsync always), unless `config` says otherwise."""
        folder = self._scratch / f"valkey{len(self._valkeys)}"
        server = ValkeyServer(folder, config=config).start()
        self._valkeys.append(server)
        return server

    def sandbox(self, **settings: Any) -> SandboxControl:
        """The sandbox, which knows every customer and keeps as little as possible."""
        port = free_port()
        self.spawn("sandbox", [sys.executable, "-m", "sandbox", "--port", str(port)])
        self.sandbox_url = f"http://127.0.0.1:{port}"
        wait_until(lambda: listens(port), "the sandbox answers")
        control = SandboxControl(self.sandbox_url)
        control.configure(
            **{
                "auto_create": True,
                "auto_create_cards": 0,
                "keep_requests": False,
                "keep_effects": False,
                "idempotency_keys_kept": 10_000,
                **settings,
            }
        )
        return control

    def worker(self, redis_url: str) -> subprocess.Popen[bytes]:
        """One of our workers, once the journal has seen it."""
        return self.workers(redis_url, 1)[0]

    def workers(
        self,
        redis_url: str,
        count: int,
        settings: Mapping[str, str] | None = None,
        app: str = "worker.app",
    ) -> list[subprocess.Popen[bytes]]:
        """`count` of our workers on one Redis, once the journal has seen them all."""
        command = ["celery", "-A", app, "worker", "-Q", "interactive,bulk", "-l", "INFO"]
        env = {
            "REDIS_URL": redis_url,
            "STRIPE_API_KEY": SANDBOX_KEY,
            "STRIPE_API_BASE": self.sandbox_url,
            **(settings or {}),
        }
        processes = [
            self.spawn("worker", [sys.executable, "-m", *command, "-n", f"bench{n}@%h"], env)
            for n in range(count)
        ]
        journal = BlockingJournal(redis_url)
        try:
            for process in processes:
                wait_until(
                    lambda: len(journal(workers_seen(30))) >= count,
                    "the workers are ready",
                    process,
                )
        finally:
            journal.close()
        return processes

    def web(self, redis_url: str) -> tuple[subprocess.Popen[bytes], str]:
        """One of our web processes, and its address."""
        port = free_port()
        process = self.spawn(
            "web",
            [sys.executable, "-m", "producer.http"],
            {"REDIS_URL": redis_url, "HOST": "127.0.0.1", "PORT": str(port)},
        )
        wait_until(lambda: listens(port), "web answers", process)
        return process, f"http://127.0.0.1:{port}"

    def spawn(
        self,
        name: str,
        argv: Sequence[str],
        env: Mapping[str, str] | None = None,
        *,
        pipes: bool = False,
    ) -> subprocess.Popen[bytes]:
        """A process in its own group; its output goes to a file, or with `pipes` to the caller."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("CARDS_")}
        log_file = self._scratch / f"{name}-{len(self._processes)}.log"
        with log_file.open("ab") as log:
            process = self._guard.spawn(
                argv,
                cwd=ROOT,
                env={**kept, "PYTHONPATH": str(ROOT), **(env or {})},
                stdin=subprocess.PIPE if pipes else subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipes else log,
                stderr=log,
            )
        self._processes[process.pid] = process
        return process

    def stop(self, process: subprocess.Popen[bytes]) -> None:
        """End one process before the others."""
        ask_to_end(process.pid)
        self._ended(process)

    def _ended(self, process: subprocess.Popen[bytes]) -> None:
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._guard.release(process.pid)
        del self._processes[process.pid]


class LineProcess:
    """A helper that reads a request a line and answers each with a line."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def ask(self, *words: object) -> list[str]:
        """Send a request; return the answer's words. Raises RuntimeError if the helper ended."""
        if self.process.stdin is None or self.process.stdout is None:
            raise RuntimeError("the helper was started without pipes")
        self.process.stdin.write((" ".join(map(str, words)) + "\n").encode())
        self.process.stdin.flush()
        answer = self.process.stdout.readline().decode()
        if not answer:
            raise RuntimeError(f"a helper ended with {self.process.wait()}")
        return answer.split()


def server_of(client: Any) -> str:
    """A server's version and memory allocator: scripts allocate memory for each value."""
    found = {**client.info("server"), **client.info("memory")}
    name = "valkey" if "valkey_version" in found else "redis"
    return f"{name} {found.get(f'{name}_version')}, {found.get('mem_allocator')}"


def wait_until(
    true: Callable[[], bool],
    what: str,
    process: subprocess.Popen[bytes] | None = None,
    *,
    timeout: float = START_S,
    every: float = 0.02,
) -> None:
    """Raise TimeoutError if it is not true in time, RuntimeError if the process ends first."""
    deadline = time.monotonic() + timeout
    while not true():
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"waiting until {what}: the process ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout:g} s: {what}")
        time.sleep(every)


def listens(port: int) -> bool:
    """Whether a server listens on the port."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False

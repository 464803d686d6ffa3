"""The product's processes, each started with the same settings, until they end or are at work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from local.processes.guard import Guard
from local.processes.ports import free_port
from local.processes.waiting import until
from tests.crash.worker_process import ROOT

_CELERY = [sys.executable, "-m", "celery", "-A"]
# Nothing should take this long even on a busy machine.
_PATIENCE_S = 60.0


class Process:
    """One process with its output; a context manager. It ends with the one that started it."""

    def __init__(
        self, directory: Path, name: str, argv: list[str], settings: Mapping[str, str]
    ) -> None:
        self.name = name
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / f"{name}.log"
        self._guard = Guard()
        with self._path.open("ab") as log:
            self._process = self._guard.spawn(
                argv,
                cwd=directory,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(directory),
                    "PYTHONPATH": str(ROOT),
                    "PYTHONUNBUFFERED": "1",
                    "CARDS_LANGUAGE": "en",
                    **settings,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def output(self) -> str:
        return self._path.read_text(errors="replace")

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def ended(self) -> int:
        """The exit code."""
        return self._process.wait(_PATIENCE_S)

    def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait for something that this process does."""

        def found() -> bool:
            assert self.running, self.output
            return bool(condition())

        try:
            until(found, what, _PATIENCE_S)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.output}") from None

    def until_says(self, text: str) -> None:
        """Wait for some words in its output."""
        self.until(lambda: text in self.output, f"{self.name} does not say {text!r}")

    def stop(self) -> None:
        """SIGTERM, and its end."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._guard.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def web(directory: Path, settings: Mapping[str, str]) -> Process:
    """The web process; `PORT` of the settings says where."""
    argv = [sys.executable, "-m", "producer.http"]
    return Process(directory, "web", argv, {"PORT": str(free_port()), **settings})


def worker(directory: Path, settings: Mapping[str, str], *options: str) -> Process:
    """A worker; without a stand-in for Stripe in the settings it must not be given commands."""
    argv = [*_CELERY, "worker.app", "worker", "-Q", "interactive,bulk", "--loglevel", "INFO"]
    stripe = {"STRIPE_API_KEY": "sk_test_access", "STRIPE_API_BASE": "http://127.0.0.1:9"}
    return Process(directory, "worker", [*argv, *options], {**stripe, **settings})


def flower(directory: Path, port: int, settings: Mapping[str, str]) -> Process:
    """Flower, with its API open."""
    told = {"FLOWER_UNAUTHENTICATED_API": "true", **settings}
    return closed_flower(directory, port, told, "--address=127.0.0.1")


def closed_flower(
    directory: Path, port: int, settings: Mapping[str, str], *options: str
) -> Process:
    """Flower as its settings say."""
    argv = [*_CELERY, "worker.flower", "flower", f"--port={port}", *options]
    return Process(directory, "flower", argv, settings)


def cards(directory: Path, settings: Mapping[str, str], *arguments: str) -> Process:
    """The command line."""
    return Process(directory, "cards", [sys.executable, "-m", "producer.cli", *arguments], settings)


def python(directory: Path, name: str, settings: Mapping[str, str], *arguments: str) -> Process:
    """Python with these arguments."""
    return Process(directory, name, [sys.executable, *arguments], settings)


def plain_celery(directory: Path, settings: Mapping[str, str]) -> Process:
    """A sender with Celery alone, as people are told to write one."""
    argv = [sys.executable, str(ROOT / "examples" / "plain_celery.py")]
    return Process(directory, "plain", argv, settings)

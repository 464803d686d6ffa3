"""A web process for tests, over ASGI or as a real process, and a worker's journal calls."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import httpx
from fastapi import FastAPI

from local.processes.guard import Guard
from local.processes.ports import free_port
from producer.contract import Envelope, State
from producer.http.app import create_app
from producer.journal import ClaimResult, End, Journal, claim, complete
from producer.settings import WebSettings

ROOT = Path(__file__).resolve().parents[3]
CUSTOMER = "cus_QRs9eKZ4xUzN2TP9"
DEFAULT = {"userId": CUSTOMER, "default_source": "card_1QRs9eKZ4xUzN2TPabcdefgh"}
ASSIGN = {"userId": CUSTOMER, "source": "tok_1QRs9eKZ4xUzN2TP9vQqWXYZ"}
CARD = "4242424242424242"
DAY_S = 86_400


class Clock:
    """A clock set by the test, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def create_app_of(redis_url: str, /, **environ: str) -> FastAPI:
    """An app with these settings."""
    return create_app(WebSettings.from_environ({"REDIS_URL": redis_url, **environ}))


def throttled_app(redis_url: str, clock: Clock, **environ: str) -> FastAPI:
    """An app whose rate limits and throttles use the clock."""
    settings = WebSettings.from_environ({"REDIS_URL": redis_url, **environ})
    return create_app(settings, clock=clock)


@asynccontextmanager
async def client_of(redis_url: str, **environ: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app in this process."""
    async with running(create_app_of(redis_url, **environ)) as client:
        yield client


@asynccontextmanager
async def running(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Start the app; its client sees errors as a server's caller would."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8000", timeout=60
        ) as client,
    ):
        yield client


class WebProcess:
    """`python -m producer.http`, by default on a free port.

    It ends with the process that started it.
    """

    def __init__(self, redis_url: str, **environ: str) -> None:
        self.port = int(environ.pop("PORT", "") or free_port())
        self.url = f"http://127.0.0.1:{self.port}"
        self._guard = Guard()
        self._process = self._guard.spawn(
            [sys.executable, "-m", "producer.http"],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                "REDIS_URL": redis_url,
                "PORT": str(self.port),
                **environ,
            },
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self.log = ""
        self._listening = threading.Event()
        # Read continuously: a process blocks when nobody reads its log.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.log += line.decode()
            if b"listening on" in line:
                self._listening.set()
        self._listening.set()

    def until_listening(self) -> Self:
        """Return once it accepts connections."""
        self._listening.wait(60)
        assert "listening on" in self.log, f"web ended:\n{self.log}"
        return self

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def terminate(self) -> None:
        """Send SIGTERM."""
        self._process.send_signal(signal.SIGTERM)

    def signal(self, which: signal.Signals) -> None:
        """Send any other signal."""
        self._process.send_signal(which)

    def ended(self, timeout: float) -> int:
        """Wait for the exit; return its code, with `log` complete."""
        code = self._process.wait(timeout)
        self._reader.join(timeout)
        assert self._process.stderr is not None
        self._process.stderr.close()
        self._guard.close()
        return code

    def __enter__(self) -> Self:
        return self.until_listening()

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self.ended(10)


async def claim_command(journal: Journal, command_id: str) -> ClaimResult:
    """Claim the command, as a worker does."""
    taken = await journal(claim(command_id, str(uuid4()), 60_000))
    assert taken.grant is not None, taken.status
    return taken


async def complete_command(
    journal: Journal,
    taken: ClaimResult,
    envelope: Envelope | None = None,
    *,
    state: State = State.SUCCEEDED,
    http_status: int = 200,
) -> dict[str, Any]:
    """Complete the claimed command, as a worker does; return the envelope."""
    assert taken.grant is not None
    told = envelope or Envelope.yes("hecho", {"of": taken.grant.command_id})
    end = End(state, http_status, told, DAY_S, Envelope.no("superseded", "x"))
    await journal(complete(taken.grant, end, next_holder="", lease_ms=60_000))
    return told.model_dump()

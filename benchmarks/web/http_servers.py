"""Our application under various HTTP servers: its cost, and what clients may do to it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median

from benchmarks.harness import http_probes as probes
from benchmarks.harness.http_load import load
from benchmarks.harness.peer_venv import has
from benchmarks.harness.stage import ROOT, Stage, listens, wait_until
from benchmarks.harness.table import Row, compared
from local.processes.ports import free_port

_TIME_S = 2
"""The servers' timeout of heads, bodies and answers that do not continue, if they have one."""
_PAGE = b"GET /docs HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
_UVICORN = "uvicorn, httptools"
_LOADS = {
    "GET /healthz": lambda: probes.HEAD + b"\r\n",
    "POST, respond-async": probes.command,
}


@dataclass(frozen=True)
class _Server:
    """How a server is started, with the limits it offers."""

    name: str
    module: str
    arguments: Sequence[str]


_SERVERS = (
    _Server("ours", "", ()),
    _Server(_UVICORN, "uvicorn", ("--http", "httptools")),
    _Server(
        "uvicorn, h11", "uvicorn", ("--http", "h11", "--h11-max-incomplete-event-size", "32768")
    ),
    _Server("hypercorn", "hypercorn", ("-k", "uvloop", "-w", "0", "--read-timeout", str(_TIME_S))),
    _Server(
        "granian",
        "granian",
        (
            *("--interface", "asgi", "--factory", "--loop", "uvloop", "--http", "1", "--no-ws"),
            *("--http1-header-read-timeout", str(1000 * _TIME_S), "--http1-buffer-size", "32768"),
        ),
    ),
)


class _Running:
    def __init__(self, stage: Stage, server: _Server, url: str, site: str) -> None:
        self.port = free_port()
        where = ("--host", "127.0.0.1", "--port", str(self.port))
        app = "benchmarks.peers.web_app:app"
        match server.module:
            case "":
                argv = [sys.executable, "-m", "producer.http"]
            case "hypercorn":
                argv = self._of(site, server, f"{app}()", "-b", f"127.0.0.1:{self.port}")
            case "granian":
                argv = self._of(site, server, app, *where)
            case _:
                quiet = (
                    "--factory",
                    "--loop",
                    "uvloop",
                    "--no-access-log",
                    "--log-level",
                    "warning",
                )
                argv = self._of(site, server, app, *where, *quiet)
        self.process: subprocess.Popen[bytes] = stage.spawn(
            server.module or "web", argv, self._env(url)
        )
        wait_until(lambda: listens(self.port), f"{server.name} answers", self.process)

    def _of(self, site: str, server: _Server, *argv: str) -> list[str]:
        launcher = ["-m", "benchmarks.peers.web_app", site, server.module]
        return [sys.executable, *launcher, *server.arguments, *argv]

    def _env(self, url: str) -> Mapping[str, str]:
        times = ("HEAD_TIMEOUT", "BODY_TIMEOUT", "ANSWER_TIMEOUT")
        limits = {f"CARDS_HTTP_{name}": str(_TIME_S) for name in times}
        return {"REDIS_URL": url, "PORT": str(self.port), "HOST": "127.0.0.1", **limits}


def run(stage: Stage, quick: bool, python: Path | None) -> list[Row]:
    """Measure costs in turn, then probe one server at a time. No worker runs."""
    url = stage.valkey().url
    site = _site(python)
    servers = [
        one
        for one in _SERVERS
        if not one.module or find_spec(one.module) or (python and has(python, one.module))
    ]
    running = {one.name: _Running(stage, one, url, site) for one in servers}
    rows = asyncio.run(_costs(running, quick))
    for name, one in running.items():
        if name == "ours" or not quick:
            rows += asyncio.run(_probed(name, one, quick))
    return rows


def _site(python: Path | None) -> str:
    if python is None:
        return str(ROOT)
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()


async def _costs(running: Mapping[str, _Running], quick: bool) -> list[Row]:
    rounds, count = (3, 500) if quick else (5, 1000)
    rates: dict[tuple[str, str], list[float]] = defaultdict(list)
    costs: dict[tuple[str, str], list[float]] = defaultdict(list)
    for turn in range(rounds + 1):
        for what, request in _LOADS.items():
            for name, one in running.items():
                rate, cpu = await load(one.port, request, count, one.process.pid)
                if turn:  # the first one warms up
                    rates[what, name].append(rate)
                    costs[what, name].append(cpu)
    rows = []
    for what in _LOADS:
        for name in running:
            if name == _UVICORN:
                continue
            for title, unit, found in (("rate", "/s", rates), ("CPU", "ms", costs)):
                mine, other = median(found[what, name]), median(found[what, _UVICORN])
                shown = f"{what}, {title}, {name}"
                rows.append(compared(shown, mine, _UVICORN, other, unit=unit))
    return rows


async def _probed(name: str, one: _Running, quick: bool) -> list[Row]:
    port, pid = one.port, one.process.pid
    patience = 2.5 * _TIME_S
    megabytes, heads = (30, 1) if quick else (300, 8)
    post = b"POST /api/cards/assign HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"
    answers: dict[str, str] = {}
    for what, piece, times, end in (
        (f"a header of {megabytes} MB", b"a" * 1_000_000, megabytes, b"\r\n\r\n"),
        ("a header of 200 kB", b"a" * 200_000, 1, b"\r\n\r\n"),
        ("100,000 headers", b"a\r\nX:" * 1000, 100, b"\r\n\r\n"),
    ):
        async with probes.effect(port, pid) as seen:
            answer = await probes.flooded(port, probes.HEAD + b"X:", piece, times, end)
        answers[what] = f"{answer}; {seen}"
    async with probes.effect(port, pid) as seen:
        answer = await probes.many_heads(port, 40, 1_000_000 * heads)
    answers[f"40 heads of {heads} MB without an end"] = f"{answer}; {seen}"
    for what, request, buffer in (
        ("connects and sends nothing", b"", 0),
        ("a byte of a head, then nothing", b"G", 0),
        ("a byte of a body, then nothing", post, 0),
        ("reads nothing of 30 pages", _PAGE * 30, 4096),
    ):
        answers[what] = await probes.held(port, request, patience, buffer)
    for what, probe in (
        ("a caller goes away", probes.left(port)),
        ("SIGTERM while a caller waits", probes.stopped(port, one.process)),
    ):
        try:
            answers[what] = await probe
        except (OSError, TimeoutError) as error:
            answers[what] = type(error).__name__
    return [Row(f"{name}: {what}", answer) for what, answer in answers.items()]

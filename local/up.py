"""`make up`: the whole system on one machine, until Ctrl-C.

Uses REDIS_URL and STRIPE_API_KEY if they are set; otherwise starts its own Valkey and sandbox.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from local.processes.guard import Guard
from local.running.console import Console
from local.running.datadir import DataDir, DataDirBusyError
from local.running.plan import Plan, WrongSettingError, data_dir, make_plan
from local.running.readiness import Answer, get
from local.running.supervisor import ExitedError, Supervisor
from local.servers.valkey import NoEmbeddedValkeyError, answers_ping

START_SECONDS = 120.0
_NOTICE_AFTER_SECONDS = 10.0

_EXAMPLE = """\
curl -s {web}/api/cards/default {auth}-H 'Content-Type: application/json' \
-d '{{"userId":"cus_QRs9eKZ4xUzN2TP9","default_source":"card_1QRs9eKZ4xUzN2TPabcdefgh"}}'"""


class NotReadyError(Exception):
    """A process runs but did not become ready; the message has its name and last answer."""


def main(
    argv: Sequence[str] | None = None,
    make_plan: Callable[[Mapping[str, str], Path, int], Plan] = make_plan,
) -> int:
    """Return the exit code: 0 after a requested stop, 1 if the start failed."""
    parser = argparse.ArgumentParser(prog="python -m local.up", description=__doc__)
    parser.add_argument("--parent", type=int, help="stop when this process is no longer the parent")
    arguments = parser.parse_args(argv)
    root = Path(__file__).resolve().parent.parent
    os.chdir(root)
    console = Console()
    try:
        folder = DataDir(data_dir(os.environ, root))
    except (DataDirBusyError, OSError) as error:
        console.complain(f"make up: {error}")
        return 1
    with contextlib.closing(folder), Guard(keep_open=[folder.lock_fd]) as guard:
        try:
            plan = make_plan(os.environ, folder.valkey, folder.lock_fd)
            asyncio.run(run(plan, console, guard, folder, parent=arguments.parent))
        except (WrongSettingError, NoEmbeddedValkeyError, ExitedError, NotReadyError) as error:
            console.complain(f"make up: {error}")
            return 1
    return 0


async def run(
    plan: Plan, console: Console, guard: Guard, folder: DataDir, *, parent: int | None = None
) -> None:
    """Run the plan until a signal or the parent's end. Raises ExitedError or NotReadyError."""
    stop = asyncio.Event()
    _stop_on_signals(stop)
    supervisor = Supervisor(console, guard)
    start = asyncio.create_task(_start_and_announce(plan, console, supervisor, folder))
    endings: list[asyncio.Task[Any]] = [asyncio.create_task(stop.wait())]
    if parent is not None:
        endings.append(asyncio.create_task(_orphaned(parent)))
    try:
        await asyncio.wait([start, *endings], return_when=asyncio.FIRST_COMPLETED)
        if start.done():
            start.result()
            await asyncio.wait(endings, return_when=asyncio.FIRST_COMPLETED)
        console.say("stopping ...")
    finally:
        for task in (start, *endings):
            task.cancel()
        await supervisor.stop()


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, stop.set)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup ignores it
        loop.add_signal_handler(signal.SIGHUP, stop.set)


async def _orphaned(parent: int) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110 - no portable signal announces this
        await asyncio.sleep(0.25)


async def _start_and_announce(
    plan: Plan, console: Console, supervisor: Supervisor, folder: DataDir
) -> None:
    starting = asyncio.create_task(_start(plan, console, supervisor))
    try:
        async with asyncio.timeout(START_SECONDS):
            await starting
    except TimeoutError:
        raise NotReadyError(f"not ready within {START_SECONDS:g} s") from None
    folder.publish(plan.addresses)
    console.say(summary(plan, folder.path))


async def _start(plan: Plan, console: Console, supervisor: Supervisor) -> None:
    async def start(name: str, ready: Callable[[], Awaitable[Answer]]) -> None:
        supervisor.start(plan.programs[name])
        await until_ready(name, ready, console, supervisor)

    if plan.redis_port is not None:
        port = plan.redis_port
        await start("valkey", lambda: _ping(port))
    if plan.sandbox_port is not None:
        port = plan.sandbox_port
        await start("sandbox", lambda: get("127.0.0.1", port, "/_sandbox/health"))
    for name in ("worker", "web", "flower"):
        supervisor.start(plan.programs[name])
    await until_ready(
        "web", lambda: get(plan.probe_host, plan.port, "/healthz"), console, supervisor
    )
    await until_ready(
        "worker", lambda: get(plan.probe_host, plan.port, "/readyz"), console, supervisor
    )
    await until_ready(
        "flower", lambda: get("127.0.0.1", plan.flower_port, "/healthcheck"), console, supervisor
    )


async def until_ready(
    name: str,
    ready: Callable[[], Awaitable[Answer]],
    console: Console,
    supervisor: Supervisor,
) -> None:
    """Poll until ready. Raises ExitedError if a program exits before it was ready."""
    failed = asyncio.create_task(supervisor.failed())
    try:
        since, noticed = asyncio.get_running_loop().time(), False
        while not (answer := await ready()).ok:
            if failed.done():
                failed.result()
            waited = asyncio.get_running_loop().time() - since
            if waited > _NOTICE_AFTER_SECONDS and not noticed:
                console.complain(f"still waiting for {name}: {answer.status} {answer.body[:300]}")
                noticed = True
            await asyncio.wait([failed], timeout=0.1)
        if failed.done():
            failed.result()
    finally:
        failed.cancel()
    supervisor.mark_ready(name)


async def _ping(port: int) -> Answer:
    return Answer(200 if answers_ping(port) else 0, "no PONG")


def summary(plan: Plan, folder: Path) -> str:
    """Addresses, and a request to try."""
    rows = dict(plan.addresses)
    if plan.redis_port is not None:
        rows["redis"] += f"  (embedded Valkey, data in {folder})"
    if plan.sandbox_port is None:
        rows["stripe"] = "the account of STRIPE_API_KEY"
    lines = [f"  {name:<8} {address}" for name, address in rows.items()]
    auth = '-H "Authorization: Bearer $TOKEN" ' if plan.tokens_set else ""
    if plan.sandbox_port is not None:
        lines += ["", "Try:", "  " + _EXAMPLE.format(web=plan.web_url, auth=auth)]
    return "\n".join(["", "card-commands is up; Ctrl-C ends it.", *lines, ""])


if __name__ == "__main__":
    sys.exit(main())

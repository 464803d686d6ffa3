"""`python -m sandbox --host 127.0.0.1 --port 12111`."""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import sys

from sandbox.http.server import EVENTS_SECRET, SandboxServer


async def _serve(
    host: str, port: int, events_url: str | None, events_secret: str, events_payload: str
) -> None:
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with SandboxServer(
        host,
        port,
        events_url=events_url,
        events_secret=events_secret,
        events_payload=events_payload,
    ) as server:
        sys.stdout.write(f"sandbox listening on {server.url}\n")
        sys.stdout.flush()
        await stopping.wait()


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Return the exit code: 1 where the address is in use."""
    parser = argparse.ArgumentParser(prog="sandbox", description="A stand-in for Stripe's API.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12111, help="0 picks a free one")
    parser.add_argument("--events-url", help="where to post events, e.g. …/stripe/events of web")
    parser.add_argument(
        "--events-secret", default=EVENTS_SECRET, help="whsec_…; default: %(default)s"
    )
    parser.add_argument(
        "--events-payload",
        choices=("snapshot", "thin"),
        default="snapshot",
        help="the events' form",
    )
    options = parser.parse_args(arguments)
    # Full collections walk every object; with a million objects they dominate the time.
    gc.set_threshold(50_000, 20, 1_000)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(
                _serve(
                    options.host,
                    options.port,
                    options.events_url,
                    options.events_secret,
                    options.events_payload,
                )
            )
    except OSError as error:
        sys.stderr.write(f"sandbox: {options.host}:{options.port}: {error.strerror}\n")
        return 1
    return 0


def _loop_factory() -> type[asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.Loop


if __name__ == "__main__":
    sys.exit(main())

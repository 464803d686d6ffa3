"""Sends many commands and prints its own memory.

`python -m benchmarks.harness.bulk_sender URL SECONDS COUNT ...`

It stops before the next count when the time is over.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

from benchmarks.harness import meter
from benchmarks.harness.names import fresh_customer
from producer import CardCommands
from producer.client.sending import Order, assign_order

_ROUND = 5_000


def _orders(count: int) -> Iterator[Order]:
    return (assign_order(fresh_customer(), "tok_visa") for _ in range(count))


def main() -> None:
    """After each count, print a line about all commands so far: count, RSS in MB, seconds."""
    started, sent = time.monotonic(), 0
    deadline = started + float(sys.argv[2])
    with CardCommands(sys.argv[1]) as client:
        for until in map(int, sys.argv[3:]):
            while sent < until and time.monotonic() < deadline:
                for _ in client.send_many(_orders(min(_ROUND, until - sent))):
                    sent += 1
            print(sent, meter.rss_mb(os.getpid()), time.monotonic() - started, flush=True)


if __name__ == "__main__":
    main()

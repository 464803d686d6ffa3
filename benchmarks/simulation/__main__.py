"""`python -m benchmarks.simulation [--accounts N] [--commands N] [--seed N] [--plot FILE]`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import meter
from benchmarks.simulation.account import Account, Command
from benchmarks.simulation.figures import Figures
from benchmarks.simulation.plot import draw
from benchmarks.simulation.traffic import accounts
from producer.journal import Limits

# Stripe's limits of a live account (Stripe docs: rate-limits).
_LIMITS = Limits(account=100, endpoint=25)
_SHARES = (0.5, 0.9, 0.99, 1.0)


def main() -> None:
    """Simulate an hour of many accounts in virtual time; print a table, and draw it on request."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulation", description=__doc__)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--commands", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot", type=Path, help="file for a picture, an SVG")
    options = parser.parse_args()
    started, figures, busiest = time.monotonic(), Figures(), list[Command]()
    for commands in accounts(options.accounts, options.commands, options.seed):
        account = Account(_LIMITS)
        account.run(commands)
        figures.add(account.placed)
        busiest = max(busiest, account.placed, key=len)
    print("\n".join(_table(figures, options.accounts)))
    print(f"\n{time.monotonic() - started:.0f} s")
    if options.plot:
        options.plot.write_text(draw(figures, busiest, _LIMITS.endpoint))


def _table(figures: Figures, accounts: int) -> Sequence[str]:
    total = sum(len(waits) for waits in figures.waits.values())
    lines = ["| what | |", "| --- | --- |", f"| commands, accounts | {total:,}, {accounts:,} |"]
    for lane, waits in figures.waits.items():
        values = ", ".join(f"{meter.percentile(waits, share) / 1000:,.2f} s" for share in _SHARES)
        lines.append(f"| {lane.value}: wait p50, p90, p99, longest | {values} |")
    indices = [index for found in figures.fairness.values() for index in found]
    if indices:
        lowest, middle = min(indices), meter.percentile(indices, 0.5)
        minutes = f"{len(indices):,} minutes of accounts with several senders at once"
        lines.append(f"| Jain's index: median, lowest of {minutes} | {middle:.3f}, {lowest:.3f} |")
    if figures.wanted_s:
        seconds = f"{figures.wanted_s:,} s in which something waited all along"
        lines.append(f"| use of an endpoint's limit, in {seconds} | {figures.use(_LIMITS):.1%} |")
    endpoint, account = figures.most_of_endpoint, figures.most_of_account
    lines.append(
        f"| busiest second: an endpoint of 25, an account of 100 | {endpoint}, {account} |"
    )
    return lines


if __name__ == "__main__":
    main()

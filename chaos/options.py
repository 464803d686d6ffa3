"""The options of a run."""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

SINGLE, SENTINEL = "single", "sentinel"


@dataclass(frozen=True, slots=True)
class Options:
    """Times are in seconds. The seed determines the orders, the acts and their times."""

    seconds: float = 120.0
    commands: int = 2000
    customers: int = 200
    workers: int = 3
    seed: int = 0
    kills_every: float = 4.0
    redis_kills_every: float = 16.0
    redis: str = SINGLE
    failovers_every: float = 0.0
    replicas: int = 0
    servers: int = 3
    fault_rate: float = 0.06
    settle: float = 180.0
    lease: int = 5
    stripe_timeout: int = 4
    rps: int = 0
    directory: Path | None = None
    check: Path | None = None
    json: bool = False

    @property
    def replaceable(self) -> bool:
        """Whether replacing a healthy primary cannot lose acknowledged writes.

        Sentinels leave the old one a primary for some seconds, for a moment with every replica but
        the promoted one: then only writes that wait for all replicas are not confirmed. If writes
        wait for no replica, nothing was guaranteed.
        """
        return self.replicas in (0, self.servers - 1)

    @classmethod
    def parse(cls, argv: Sequence[str] | None = None) -> Self:
        """From a command line; exits with 2 if it is wrong."""
        parser = argparse.ArgumentParser(
            prog="python -m chaos",
            description="Kills workers, web and Redis at random under load, then checks that no "
            "command was lost, done twice, done out of order or reported wrongly.",
        )
        default = {field.name: field.default for field in fields(cls)}
        for name, kind, text in (
            ("seconds", float, "how long commands are sent"),
            ("commands", int, "how many commands are sent in that time"),
            ("customers", int, "how many customers they are for"),
            ("workers", int, "worker processes"),
            ("kills-every", float, "seconds between acts against workers, web and connections"),
            ("redis-kills-every", float, "seconds between kills of Redis; 0 for none"),
            ("failovers-every", float, "with sentinels, seconds between failovers; 0 for none"),
            ("replicas", int, "CARDS_REPLICAS, and the servers' min-replicas-to-write"),
            ("servers", int, "with sentinels, how many Redis servers there are"),
            ("fault-rate", float, "share of write requests at Stripe that fail"),
            ("settle", float, "how long commands may take to end after the last act"),
            ("lease", int, "CARDS_LEASE of the workers, in seconds"),
            ("stripe-timeout", int, "CARDS_STRIPE_TIMEOUT of the workers, in seconds"),
            ("rps", int, "CARDS_STRIPE_RPS of the workers, and of each endpoint; 0 for no limit"),
        ):
            shown = default[name.replace("-", "_")]
            parser.add_argument(
                f"--{name}", type=kind, default=shown, help=f"{text} (default {shown})"
            )
        parser.add_argument(
            "--redis",
            choices=(SINGLE, SENTINEL),
            default=SINGLE,
            help="one server, or three and three sentinels (default single)",
        )
        parser.add_argument("--seed", type=int, help="determines orders and acts (default: random)")
        parser.add_argument("--directory", type=Path, help="folder for history, logs and data")
        parser.add_argument("--check", type=Path, metavar="FILE", help="only check a history")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")
        found = vars(parser.parse_args(argv))
        if found["seed"] is None:
            found["seed"] = random.randrange(1_000_000)
        for name in ("seconds", "commands", "customers", "workers", "kills_every"):
            if found[name] <= 0:
                parser.error(f"--{name.replace('_', '-')} must be more than 0")
        if found["servers"] < 2 or not 0 <= found["replicas"] < found["servers"]:
            parser.error("--servers must be at least 2, and more than --replicas")
        if found["redis"] == SINGLE and (found["replicas"] or found["failovers_every"]):
            parser.error("--failovers-every and --replicas need --redis sentinel")
        return cls(**found)

"""How much of the rate limit a migration uses; every row is a read and a write."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.harness.stage import Stage
from benchmarks.harness.table import Row

_RPS, _ENDPOINT_RPS = 100, 25
_WORKERS = 4
_LEAST_USED, _MOST_OVER = 0.95, 0.05
# The sandbox counts by operation.
_READ, _WRITE = "GET /v1/customers/:id", "POST /v1/customers/:id"


class LimitedMigration:
    """A migration of SetDefaultCard rows under both limits of live mode."""

    def __init__(self, stage: Stage, latency: dict[str, Any]) -> None:
        self._stage = stage
        limits = {"rps": _RPS, "endpoint_rps": _ENDPOINT_RPS}
        self._sandbox = stage.sandbox(latency=latency, auto_create_cards=2, **limits)
        self._url = stage.valkey().url
        settings = {"CARDS_STRIPE_RPS": _RPS, "CARDS_STRIPE_ENDPOINT_RPS": _ENDPOINT_RPS}
        named = {name: str(value) for name, value in settings.items()}
        stage.workers(self._url, _WORKERS, named)

    def rows(self, seconds: int, settle_s: float) -> list[Row]:
        """What the sandbox counts in `seconds` of a run that continues beyond them."""
        with TemporaryDirectory(prefix="cards-limited-") as folder:
            path = Path(folder) / "cards.csv"
            with path.open("w") as lines:
                lines.write("userId,default_source\n")
                for number in range(int(_ENDPOINT_RPS * (seconds + settle_s + 60))):
                    lines.write(f"cus_L{number:06d},card_L{number:06d}n2\n")
            argv = [sys.executable, "-m", "producer.cli", "migrate", "run", str(path)]
            environ = {"REDIS_URL": self._url, "CARDS_MIGRATIONS_DIR": folder}
            driver = self._stage.spawn("migrate", argv, environ)
            time.sleep(settle_s)
            first = int(time.time()) + 1
            time.sleep(first + seconds - time.time())
            over = driver.poll() is not None
            self._stage.stop(driver)
        counted = [one for one in self._sandbox.rates() if first <= one["second"] < first + seconds]
        if over:
            return [Row("a migration under a limit", "its driver ended early")]
        what = (
            f"migration, limits of {_RPS}/s and {_ENDPOINT_RPS}/s, {_WORKERS} workers, {seconds} s"
        )
        rows = []
        for name, endpoint in (("reads", _READ), ("writes", _WRITE)):
            counts = [one["endpoints"].get(endpoint, 0) for one in counted]
            share = sum(counts) / seconds / _ENDPOINT_RPS
            most = max(counts, default=0)
            rows += [
                Row(
                    f"{what}: use of it by {name}",
                    f"{100 * share:.1f} %",
                    f"{_ENDPOINT_RPS}/s",
                    f"{share:.3f}",
                    f"at least {100 * _LEAST_USED:g} %",
                    share >= _LEAST_USED,
                ),
                Row(
                    f"{what}: busiest second of {name}",
                    f"{most} requests",
                    f"{_ENDPOINT_RPS}/s",
                    f"{most / _ENDPOINT_RPS - 1:+.1%}",
                    f"at most +{100 * _MOST_OVER:g} %",
                    most <= _ENDPOINT_RPS * (1 + _MOST_OVER),
                ),
            ]
        limited = sum(one["limited"] for one in counted)
        return [*rows, Row(f"{what}: 429s", str(limited), "", "", "0", limited == 0)]

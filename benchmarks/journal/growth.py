"""What changes as the journal knows more commands: the sender's memory, and each step's cost."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

import redis

from benchmarks.harness.contenders import BATCH
from benchmarks.harness.names import fresh_customer
from benchmarks.harness.stage import ROOT, Stage, server_of
from benchmarks.harness.table import Row, compared
from producer.contract import CommandKind, Envelope, Lane, State, parse_command
from producer.journal import BlockingJournal, End, Grant, accept, claim, complete

_FEW = 1_000
# A slow machine gets fewer commands; the table says how many.
_WITHIN_S = 240
_LEASE_MS = 15_000
_STEPS = ("accept", "begin", "end")
# A script without keys: whatever slows the server itself down, above all its memory allocator.
_CONTROL = """
local made = {}
for i = 1, 60 do made[i] = ARGV[1] .. i end
return #made
"""


class Known:
    """A journal with some known commands, and the cost of its steps."""

    def __init__(self, url: str) -> None:
        self._journal = BlockingJournal(url)
        self._redis: Any = redis.Redis.from_url(url)
        self.seen_us: dict[str, list[float]] = defaultdict(list)
        self.server_us: dict[str, list[float]] = defaultdict(list)

    def measure(self, count: int) -> None:
        """Accept, claim and complete `count` commands, one at a time."""
        ids = [str(uuid4()) for _ in range(count)]
        grants: list[Grant] = []

        def claim_one(ident: str) -> None:
            claimed = self._journal(claim(ident, uuid4().hex, _LEASE_MS))
            if claimed.grant is None:
                raise RuntimeError(f"not granted: {claimed.status}")
            grants.append(claimed.grant)

        self._timed("accept", self._accept, ids)
        self._timed("begin", claim_one, ids)
        self._timed("end", self._complete, list(grants))
        self._timed("control", lambda ident: self._redis.eval(_CONTROL, 0, ident), ids)

    def _accept(self, ident: str) -> None:
        fields = {"userId": fresh_customer(), "source": "tok_visa"}
        command = parse_command(CommandKind.ASSIGN_CARD, fields)
        self._journal(accept(command, command_id=ident, lane=Lane.INTERACTIVE))

    def _complete(self, grant: Grant) -> None:
        envelope = Envelope.yes("ok", {"cardId": "card_x", "brand": "Visa", "last4": "4242"})
        end = End(State.SUCCEEDED, 200, envelope, 172_800, Envelope.no("superseded", "superseded"))
        self._journal(complete(grant, end, next_holder=uuid4().hex, lease_ms=_LEASE_MS))

    def _timed(self, step: str, do: Callable[[Any], None], what: Sequence[Any]) -> None:
        self._redis.config_resetstat()
        for one in what:
            started = time.perf_counter()
            do(one)
            self.seen_us[step].append(1e6 * (time.perf_counter() - started))
        # `eval` if the script was not cached yet; both run the whole script.
        stats = self._redis.info("commandstats")
        calls = [found for name, found in stats.items() if name.startswith("cmdstat_eval")]
        spent = sum(found["usec"] for found in calls)
        self.server_us[step].append(spent / len(what))

    def close(self) -> None:
        """Close the connections."""
        self._journal.close()
        self._redis.close()


def run(stage: Stage, quick: bool, _python: Path | None) -> list[Row]:
    """Compare two journals, one with few commands known and one with many."""
    marks = (10_000, 50_000) if quick else (20_000, 200_000, 1_000_000)
    rounds, count = (6, 50) if quick else (10, 100)
    few, many = stage.valkey().url, stage.valkey().url
    _send(few, [_FEW])
    sent = _send(many, marks)
    (start, first, early), (total, last, late) = sent[0], sent[-1]
    name = f"at {start:,}"
    rows = [
        compared(
            f"sender's resident memory after {total:,}",
            last,
            name,
            first,
            unit="MB",
            at_most=1.1,
        ),
        compared(
            f"send_many, {total:,} in a run",
            total / late,
            name,
            start / early,
            unit="/s",
        ),
    ]
    small, large = Known(few), Known(many)
    small.measure(BATCH)
    large.measure(BATCH)
    for known in (small, large):
        known.seen_us.clear()
        known.server_us.clear()
    for _ in range(rounds):
        small.measure(count)
        large.measure(count)
    against = f"{_FEW:,} known"
    for step in _STEPS:
        what = f"{step}, {total:,} known, round trip"
        pair = median(large.seen_us[step]), median(small.seen_us[step])
        rows.append(compared(what, pair[0], against, pair[1], unit="µs", at_most=1.2))
        what = f"{step}, {total:,} known, Redis' own time"
        pair = median(large.server_us[step]), median(small.server_us[step])
        rows.append(compared(what, pair[0], against, pair[1], unit="µs", at_most=1.2))
    pair = median(large.server_us["control"]), median(small.server_us["control"])
    what = f"a script that looks at no key, {total:,} known, Redis' own time"
    rows.append(compared(what, pair[0], against, pair[1], unit="µs"))
    with redis.Redis.from_url(many) as client:
        rows.append(Row("the server of these figures", server_of(client)))
    small.close()
    large.close()
    return rows


def _send(url: str, marks: Sequence[int]) -> list[tuple[int, float, float]]:
    """Send in a new process; return its count, MB and seconds at each mark."""
    argv = [
        sys.executable,
        "-m",
        "benchmarks.harness.bulk_sender",
        url,
        str(_WITHIN_S),
        *map(str, marks),
    ]
    output = subprocess.run(argv, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    lines = [line.split() for line in output.splitlines()]
    return [(int(count), float(mb), float(seconds)) for count, mb, seconds in lines]

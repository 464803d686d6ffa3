"""Injected faults of Stripe during a run: before or after the effect, with or without an answer."""

from __future__ import annotations

from typing import Any

from sandbox.control.client import SandboxControl

_WRITES: tuple[tuple[int, dict[str, Any]], ...] = (
    (14, {"kind": "status", "status": 500}),
    (14, {"kind": "status", "status": 500, "when": "after"}),
    (6, {"kind": "status", "status": 502, "when": "after"}),
    (4, {"kind": "status", "status": 503}),
    (12, {"kind": "drop"}),
    (14, {"kind": "drop", "when": "after"}),
    (8, {"kind": "status", "status": 409}),
    (8, {"kind": "status", "status": 429, "reason": "endpoint-rate"}),
    (8, {"kind": "status", "status": 429, "code": "lock_timeout"}),
    (3, {"kind": "truncate"}),
    (3, {"kind": "garble"}),
)
_STALLS = (
    (2, {"when": "before", "seconds": 1.5}),
    (2, {"when": "before", "seconds": 6.0}),
    (2, {"when": "after", "seconds": 6.0}),
)
# Reads look up the truth. A stall only costs time, so reads have none.
_READS = ((50, {"kind": "status", "status": 500}), (50, {"kind": "drop"}))


def set_up(stripe: SandboxControl, *, rate: float, seed: int) -> None:
    """Make a share `rate` of the writes, and half that share of the reads, fail."""
    stripe.configure(
        auto_create=True,
        latency={"kind": "lognormal", "median_ms": 60, "p99_ms": 600, "seed": seed},
    )
    if rate <= 0:
        return
    total = sum(share for share, _ in _WRITES) + sum(share for share, _ in _STALLS)
    rules = [(share / total, {"method": "POST", **rule}) for share, rule in _WRITES]
    rules += [
        (share / total, {"method": "POST", "kind": "stall", **rule}) for share, rule in _STALLS
    ]
    rules += [(share / 200, {"method": "GET", **rule}) for share, rule in _READS]
    for number, (share, rule) in enumerate(rules):
        stripe.add_fault(**rule, probability=rate * share, times=None, seed=seed * 1000 + number)


def set_right(stripe: SandboxControl) -> None:
    """Remove all faults; stalled requests continue."""
    stripe.clear_faults()
    stripe.configure(revoked_keys=[])

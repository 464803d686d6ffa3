"""Converts an overview to the JSON of `GET /api/overview`."""

from __future__ import annotations

from typing import Any

from producer.contract import Lane
from producer.contract.card_data.redaction import redact
from producer.explain.json_types import moment_wire
from producer.http.overview.sampler import Overview, TroubledCommands


def overview_wire(overview: Overview) -> dict[str, Any]:
    """Times are RFC 3339 or seconds, rates a second."""
    figures = overview.figures
    return {
        "lanes": {lane.value: _lane(overview, lane) for lane in Lane},
        "refuses": overview.refuses.code if overview.refuses else None,
        # Workers report by writing: while Redis accepts no writes, their number is unknown.
        "workers": None if overview.refuses else figures.workers,
        "atWork": figures.at_work,
        "stripe": {
            "requestsPerSecond": None if overview.rate is None else round(overview.rate, 2),
            "limit": round(overview.limit, 2) or None,
            "keyRefused": redact(figures.stop.code) if figures.stop else None,
        },
        "ended": {
            "since": moment_wire(overview.recent_ends.since),
            "states": {state.value: n for state, n in overview.recent_ends.states().items()},
        },
        "failed": {"count": figures.failed, **_troubled_commands(overview.failed)},
        "unsettled": {
            "count": figures.unsettled,
            "unknown": figures.unknown,
            "oldestSeconds": round(figures.oldest_unsettled_s, 1),
            **_troubled_commands(overview.unsettled),
        },
        "migrations": [
            {
                "id": one.id,
                "name": one.name,
                "state": one.state.value,
                "rows": one.rows,
                "ended": one.ended_rows,
            }
            for one in overview.migrations
        ],
    }


def _lane(overview: Overview, lane: Lane) -> dict[str, Any]:
    pause = overview.figures.paused.get(lane)
    return {
        "open": overview.figures.open_in(lane),
        "waiting": overview.figures.unclaimed[lane],
        "oldestSeconds": round(overview.figures.oldest_s[lane], 1),
        "pausedSince": moment_wire(pause.since) if pause else None,
        "reason": redact(pause.reason) if pause and pause.reason else None,
    }


def _troubled_commands(trouble: TroubledCommands) -> dict[str, Any]:
    return {
        "codes": {redact(code): n for code, n in trouble.codes.items()},
        "some": [one.id for one in trouble.examples],
    }

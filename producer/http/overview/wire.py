"""Converts an overview to the JSON of `GET /api/overview`."""

from __future__ import annotations

from typing import Any

from producer.contract import Lane
from producer.contract.card_data.redaction import redact
from producer.explain.wire import moment_wire
from producer.http.overview.sampler import Overview, TroubledCommands


def overview_wire(found: Overview) -> dict[str, Any]:
    """Times are RFC 3339 or seconds, rates a second."""
    figures = found.figures
    return {
        "lanes": {lane.value: _lane(found, lane) for lane in Lane},
        "refuses": found.refuses.code if found.refuses else None,
        # Workers report by writing: while Redis accepts no writes, their number is unknown.
        "workers": None if found.refuses else figures.workers,
        "atWork": figures.at_work,
        "stripe": {
            "requestsPerSecond": None if found.rate is None else round(found.rate, 2),
            "limit": round(found.limit, 2) or None,
            "keyRefused": redact(figures.stop.code) if figures.stop else None,
        },
        "ended": {
            "since": moment_wire(found.recent_ends.since),
            "states": {state.value: n for state, n in found.recent_ends.states().items()},
        },
        "failed": {"count": figures.failed, **_troubled_commands(found.failed)},
        "unsettled": {
            "count": figures.unsettled,
            "unknown": figures.unknown,
            "oldestSeconds": round(figures.oldest_unsettled_s, 1),
            **_troubled_commands(found.unsettled),
        },
        "migrations": [
            {
                "id": one.id,
                "name": one.name,
                "state": one.state.value,
                "rows": one.rows,
                "ended": one.ended_rows,
            }
            for one in found.migrations
        ],
    }


def _lane(found: Overview, lane: Lane) -> dict[str, Any]:
    pause = found.figures.paused.get(lane)
    return {
        "open": found.figures.open_in(lane),
        "waiting": found.figures.not_taken[lane],
        "oldestSeconds": round(found.figures.oldest_s[lane], 1),
        "pausedSince": moment_wire(pause.since) if pause else None,
        "reason": redact(pause.reason) if pause and pause.reason else None,
    }


def _troubled_commands(trouble: TroubledCommands) -> dict[str, Any]:
    return {
        "codes": {redact(code): n for code, n in trouble.codes.items()},
        "some": [one.id for one in trouble.examples],
    }

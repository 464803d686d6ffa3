"""Writes the Grafana dashboard: `make dashboard`. A test checks that its metrics exist."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATH = Path(__file__).resolve().parents[2] / "deploy/grafana/card-commands.json"
_WIDTH, _HEIGHT = 24, 8


@dataclass(frozen=True, slots=True)
class Panel:
    """A graph: its title, its Prometheus queries, and Grafana's name of the unit."""

    title: str
    exprs: tuple[tuple[str, str], ...]  # expression, legend
    unit: str = "short"
    stat: bool = False
    width: int = 8


def _max(labels: str, expr: str) -> str:
    """One value of a metric that every web process reports alike."""
    return f"max by ({labels}) ({expr})" if labels else f"max({expr})"


def _rate(metric: str, labels: str, extra: str = "") -> str:
    return _max(labels, f"rate({metric}{extra}[$__rate_interval])")


def _quantile(q: float, metric: str, labels: str) -> str:
    by = f"le, {labels}" if labels else "le"
    inner = f"max by ({by}) (rate({metric}_bucket[$__rate_interval]))"
    return f"histogram_quantile({q}, {inner})"


_ENDS = "command, lane, state, code"


def _ended(by: str, extra: str = "") -> str:
    return f"sum by ({by}) ({_rate('cards_commands_ended_total', _ENDS, extra)})"


def _p50_p95(title: str, metric: str, label: str) -> Panel:
    exprs = [(_quantile(q, metric, label), f"{{{{{label}}}}} p{q * 100:.0f}") for q in (0.5, 0.95)]
    return Panel(title, tuple(exprs), unit="s")


def _stat(title: str, *exprs: tuple[str, str], unit: str = "short") -> Panel:
    return Panel(title, exprs, unit=unit, stat=True, width=4)


_NOW = (
    _stat("Workers", (_max("", "cards_workers"), "")),
    _stat("Open commands", (f"sum({_max('command, lane', 'cards_commands_open')})", "")),
    _stat("Oldest waiting", (_max("lane", "cards_oldest_command_seconds"), "{{lane}}"), unit="s"),
    _stat("Failed", (_max("", "cards_commands_failed"), "")),
    _stat("Unknown", (_max("", "cards_commands_unknown"), "")),
    _stat(
        "Key refused, journal lost, lane paused",
        (_max("", "cards_stripe_key_refused"), "key"),
        (_max("", "cards_journal_lost"), "journal"),
        (_max("lane", "cards_lane_paused"), "{{lane}}"),
    ),
)
_COMMANDS = (
    Panel(
        "Accepted",
        ((_rate("cards_commands_accepted_total", "command, lane"), "{{command}} {{lane}}"),),
        unit="cps",
    ),
    Panel("Ended, by state", ((_ended("state"), "{{state}}"),), unit="cps"),
    Panel(
        "Ended without success, by code",
        ((_ended("code", '{state!="succeeded"}'), "{{code}}"),),
        unit="cps",
    ),
    _p50_p95("From acceptance to end", "cards_command_end_seconds", "lane"),
    _p50_p95("From acceptance to first attempt", "cards_command_start_seconds", "lane"),
    Panel("Open", ((_max("command, lane", "cards_commands_open"), "{{command}} {{lane}}"),)),
)
_STRIPE = (
    Panel(
        "Requests, by status",
        (
            (
                f"sum by (status) ({_rate('cards_stripe_requests_total', 'endpoint, status')})",
                "{{status}}",
            ),
        ),
        unit="reqps",
    ),
    _p50_p95("Time to answer", "cards_stripe_request_seconds", "endpoint"),
    Panel(
        "Places used, and the limit",
        (
            (_rate("cards_rate_limit_booked_total", "scope"), "{{scope}}"),
            (_max("scope", "cards_rate_limit_requests_per_second"), "limit of {{scope}}"),
        ),
        unit="reqps",
    ),
    _p50_p95("Waiting for a place", "cards_rate_limit_wait_seconds", "endpoint"),
    Panel(
        "Share of the limit that 429s leave",
        (("min by (scope) (cards_rate_limit_factor)", "{{scope}}"),),
        unit="percentunit",
    ),
    Panel(
        "Retries, by code",
        ((_rate("cards_command_retries_total", "command, lane, code"), "{{command}} {{code}}"),),
        unit="cps",
    ),
)
_PERSON = (
    Panel(
        "Attempted without a result",
        (
            (_max("", "cards_commands_unsettled"), "unsettled"),
            (_max("", "cards_commands_unknown"), "unknown"),
        ),
    ),
    Panel("Longest unsettled", ((_max("", "cards_oldest_unsettled_seconds"), ""),), unit="s"),
    Panel(
        "Taken over, replayed",
        (
            (f"sum({_rate('cards_command_takeovers_total', 'command, lane')})", "taken over"),
            (f"sum({_rate('cards_commands_replayed_total', 'command, lane')})", "replayed"),
        ),
        unit="cps",
    ),
    Panel("Dead letters", ((_max("reason", "cards_dead_letters_total"), "{{reason}}"),)),
    Panel(
        "In queues",
        (
            (_max("lane", "cards_queue_messages"), "messages of {{lane}}"),
            (_max("lane", "cards_commands_not_taken"), "commands of {{lane}}"),
        ),
    ),
    Panel("Rows of migrations", ((_max("state", "cards_migration_rows"), "{{state}}"),)),
    Panel("Customers worked on", ((_max("", "cards_leases"), ""),)),
)
_WEB = (
    Panel(
        "Requests, by status",
        (("sum by (status) (rate(cards_http_requests_total[$__rate_interval]))", "{{status}}"),),
        unit="reqps",
    ),
    Panel(
        "Time to answer, waits included",
        (
            (
                "histogram_quantile(0.95, sum by (le, route) "
                "(rate(cards_http_request_seconds_bucket[$__rate_interval])))",
                "{{route}} p95",
            ),
        ),
        unit="s",
    ),
    Panel("Callers that wait", (("sum(cards_http_waiters)", ""),)),
    Panel(
        "Failed round trips to Redis",
        (
            ("sum by (kind) (rate(cards_redis_errors_total[$__rate_interval]))", "web {{kind}}"),
            (_rate("cards_worker_redis_errors_total", "kind"), "worker {{kind}}"),
        ),
        unit="cps",
    ),
)
ROWS = (
    ("Now", _NOW),
    ("Commands", _COMMANDS),
    ("Stripe and the limit", _STRIPE),
    ("What needs a person", _PERSON),
    ("Web and Redis", _WEB),
)


def dashboard() -> dict[str, Any]:
    """The dashboard in Grafana's import format; the data source is chosen at import."""
    panels: list[dict[str, Any]] = []
    y = 0
    for title, row in ROWS:
        panels.append(_row(title, y, len(panels) + 1))
        y += 1
        x = 0
        for panel in row:
            if x + panel.width > _WIDTH:
                x, y = 0, y + _HEIGHT
            panels.append(_panel(panel, x, y, len(panels) + 1))
            x += panel.width
        y += _HEIGHT
    source = {
        "name": "DS_PROMETHEUS",
        "label": "Prometheus",
        "type": "datasource",
        "pluginId": "prometheus",
        "pluginName": "Prometheus",
    }
    return {
        "__inputs": [source],
        "uid": "card-commands",
        "title": "card-commands",
        "tags": ["card-commands"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "panels": panels,
    }


def _row(title: str, y: int, ident: int) -> dict[str, Any]:
    place = {"x": 0, "y": y, "w": _WIDTH, "h": 1}
    return {"id": ident, "type": "row", "title": title, "gridPos": place, "panels": []}


def _panel(panel: Panel, x: int, y: int, ident: int) -> dict[str, Any]:
    source = {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
    targets = [
        {"refId": chr(65 + place), "datasource": source, "expr": expr, "legendFormat": legend}
        for place, (expr, legend) in enumerate(panel.exprs)
    ]
    return {
        "id": ident,
        "type": "stat" if panel.stat else "timeseries",
        "title": panel.title,
        "datasource": source,
        "gridPos": {"x": x, "y": y, "w": panel.width, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": targets,
    }


def text() -> str:
    """The file's content."""
    return json.dumps(dashboard(), indent=1) + "\n"


def main() -> int:
    """Write the file."""
    PATH.parent.mkdir(parents=True, exist_ok=True)
    PATH.write_text(text(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

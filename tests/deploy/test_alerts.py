"""Alerts and dashboard query existing metrics, and every alert has a section in the runbook."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.targets import dashboard
from producer.contract import CommandKind, Lane, State
from producer.http.metrics.journal_metrics import JournalMetrics, JournalSnapshot
from producer.http.metrics.request_metrics import Metrics
from producer.journal import Ended, Figures, Pace
from producer.journal.redis.buckets import END_S
from producer.journal.redis.endpoints import Endpoint

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "deploy/prometheus"
RUNBOOK = (ROOT / "docs/runbook.md").read_text("utf-8")
PAIR = (CommandKind.ASSIGN_CARD, Lane.BULK)
NAME = re.compile(r"\bcards_\w+")
ENDPOINT = Endpoint.DEFAULT.name


def _alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text("utf-8"))["groups"]
    alerts: list[dict[str, Any]] = group["rules"]
    return alerts


@pytest.fixture(scope="module")
def names() -> set[str]:
    """Every name of a series that `/metrics` may have."""
    metrics = Metrics()
    metrics.count_redis_errors({"timeout": 1})
    metrics.declare_tokens(["billing"])
    metrics.answered("GET", "/healthz", 200, 0.1)
    snapshot = JournalSnapshot(
        _figures(), {"account": Pace(1.0, 0)}, {}, {"bulk": 1}, {"applied": 1}
    )
    metrics.set_journal(snapshot)
    text = bytes(metrics.response().body).decode()
    found = {line.partition("{")[0].partition(" ")[0] for line in text.splitlines()}
    assert {family.name for family in JournalMetrics().collect()} == set(), "nothing while unknown"
    return found


def _figures() -> Figures:
    measured = {
        ("requests", ENDPOINT, "200"): 1.0,
        ("request", ENDPOINT, "1"): 1.0,
        ("wait", ENDPOINT, "1"): 1.0,
        ("start", "bulk", "1"): 1.0,
        ("redis_error", "timeout"): 1.0,
    }
    by_lane = dict.fromkeys(Lane, 0)
    return Figures(
        at=0.0,
        accepted={PAIR: 1},
        replayed={},
        ended={Ended(*PAIR, State.SUCCEEDED, "-"): 1},
        end_times={PAIR: [1] + [0] * len(END_S)},
        retried={(*PAIR, "timeout"): 1},
        taken_over={},
        measured=measured,
        messages=by_lane,
        unclaimed=by_lane,
        oldest_s=dict.fromkeys(Lane, 0.0),
        failed=0,
        unsettled=0,
        unknown=0,
        oldest_unsettled_s=0.0,
        at_work=0,
        workers=1,
    )


def test_alerts_and_dashboard_query_existing_series(names: set[str]) -> None:
    """A renamed metric is noticed here, not by an alert that never fires."""
    exprs = [alert["expr"] for alert in _alerts()]
    exprs += [expr for _, row in dashboard.ROWS for panel in row for expr, _ in panel.exprs]
    asked = {name for expr in exprs for name in NAME.findall(expr)}
    assert asked - names == set()


def test_the_documentation_names_every_metric(names: set[str]) -> None:
    """docs/metrics.md has each name that `/metrics` may have, and no other."""
    documented = set(NAME.findall((ROOT / "docs/metrics.md").read_text("utf-8")))
    series = {name for name in names if NAME.match(name) and not name.endswith("_created")}
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in series}
    assert families == documented - {"cards_http_"}


def test_deployments_query_existing_series(names: set[str]) -> None:
    """The page about deploying and the metrics that workers are scaled by exist."""
    scaled = ROOT / "deploy/kubernetes/examples/scaledobject.yaml"
    for path in (scaled, ROOT / "docs/deploying.md"):
        asked = set(NAME.findall(path.read_text("utf-8")))
        assert asked, path
        assert asked - names == set()


def test_the_dashboard_in_the_repository_is_current() -> None:
    """`make dashboard` was run after the last change."""
    assert dashboard.PATH.read_text("utf-8") == dashboard.text()


def test_every_alert_has_a_section() -> None:
    """An alert names the runbook's section of the same name, which has a command to type."""
    sections = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", RUNBOOK, re.M | re.S))
    for alert in _alerts():
        name = alert["alert"]
        assert alert["annotations"]["runbook"] == f"docs/runbook.md#{name.lower()}"
        assert "`" in sections[name], f"{name} says nothing to type"
        assert alert["labels"]["severity"] in ("page", "ticket")
    assert set(sections) == {alert["alert"] for alert in _alerts()}


def test_every_alert_is_seen_firing() -> None:
    """Each alert is among those that promtool expects to fire."""
    rules = (PROMETHEUS / "alerts_test.yml").read_text("utf-8")
    firing = set(re.findall(r'alertname="(\w+)"', rules))
    assert firing == {alert["alert"] for alert in _alerts()}


def test_every_state_and_code_has_a_row() -> None:
    """The runbook's tables have every state that needs a person, and every code of a failure."""
    states = {State.SUCCEEDED, State.REJECTED, State.SUPERSEDED, State.CANCELLED}
    for state in states | {State.FAILED, State.UNKNOWN}:
        assert f"| `{state.value}`" in RUNBOOK
    for code in ("api_error", "api_connection_error", "rate_limit", "poison", "internal_error"):
        assert f"| `{code}` |" in RUNBOOK


@pytest.mark.promtool
def test_promtool_accepts_the_rules() -> None:
    """The rules parse, fire when they should, and are silent while all is well."""
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
        done = subprocess.run(
            ["promtool", *command], cwd=PROMETHEUS, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.promtool
def test_promtool_accepts_the_names_of_metrics() -> None:
    """`promtool check metrics` has no complaint about `/metrics`."""
    metrics = Metrics()
    metrics.set_journal(
        JournalSnapshot(_figures(), {"account": Pace(1.0, 0)}, {}, {"bulk": 1}, {"applied": 1})
    )
    text = bytes(metrics.response().body)
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")

"""The figures of `/metrics`, compared with what a stand-in for Stripe received."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from producer.contract import CommandKind, Lane, State
from producer.journal import BlockingJournal, Figures, figures
from tests.crash.stage import Stage

pytestmark = pytest.mark.integration

_MANY = 40


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path) as made:
        yield made


class Scraper(threading.Thread):
    """Scrapes the figures repeatedly, as Prometheus would, and keeps all of them."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._journal = BlockingJournal(url)
        self._stop_it = threading.Event()
        self.scraped: list[Figures] = []

    def run(self) -> None:
        while not self._stop_it.wait(0.02):
            self.scraped.append(self._journal(figures()))

    def stop(self) -> None:
        self._stop_it.set()
        self.join()
        self._journal.close()


def test_figures_match_stripes_requests(stage: Stage) -> None:
    """With two workers, one of them killed, at every scrape accepted is ended plus open. In the end
    each command has ended once, and each effect at Stripe is a counted success."""
    for name in ("metered1", "metered2"):
        stage.worker(name, "interactive,bulk")
    for worker in stage.workers:
        worker.ready()
    stage.stripe.add_fault(
        "status", status=402, code="card_declined", customer="^cus_No", times=None
    )
    scraper = Scraper(stage.valkey.url)
    scraper.start()
    good = [stage.set_default(stage.customer(), lane=lane) for lane in Lane for _ in range(_MANY)]
    bad = [stage.assign(stage.customer("No")) for _ in range(5)]
    stage.workers[0].kill()
    for command in good:
        stage.ended(command, State.SUCCEEDED)
    for command in bad:
        stage.ended(command, State.REJECTED)
    scraper.stop()

    pairs = [(kind, lane) for kind in CommandKind for lane in Lane]
    for found in scraper.scraped:
        for pair in pairs:
            ended = sum(n for one, n in found.ended.items() if (one.kind, one.lane) == pair)
            assert found.accepted.get(pair, 0) == ended + found.open(*pair)
            assert found.open(*pair) >= 0
    last = stage.journal(figures())
    assert {one.state: number for one, number in last.ended.items() if one.lane is Lane.BULK} == {
        State.SUCCEEDED: _MANY
    }
    assert sum(last.ended.values()) == len(good) + len(bad)
    assert not any(last.open(*pair) for pair in pairs)
    assert last.unsettled == 0
    succeeded = sum(n for one, n in last.ended.items() if one.state is State.SUCCEEDED)
    assert sum(len(stage.effects(command)) for command in good) == succeeded


def test_a_stopping_worker_adds_all_its_measurements(stage: Stage) -> None:
    """Every request that reached the stand-in is counted, by endpoint and status."""
    worker = stage.worker("measured", "interactive,bulk")
    worker.ready()
    stage.stripe.add_fault(
        "status", status=402, code="card_declined", customer="^cus_No", times=None
    )
    for command in [stage.set_default(stage.customer()) for _ in range(10)]:
        stage.ended(command, State.SUCCEEDED)
    for command in [stage.assign(stage.customer("No")) for _ in range(3)]:
        stage.ended(command, State.REJECTED)
    with worker.ending():
        worker.signal(signal.SIGTERM)
    measured = stage.journal(figures()).measured
    counted = {words[1:]: n for words, n in measured.items() if words[0] == "requests"}
    assert sum(counted.values()) == len(stage.stripe.requests())
    assert counted["DEFAULT", "200"] == 10
    assert counted["SOURCE", "402"] == 3
    assert sum(n for words, n in measured.items() if words[:2] == ("start", "interactive")) >= 13

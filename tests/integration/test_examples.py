"""Each file of examples/ does what it says, against real processes and the stand-in for Stripe."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.objects.seed import CARD, CUSTOMER
from tests.crash.stage import Stage
from tests.crash.worker_process import ROOT
from tests.unit.http.web import WebProcess

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

EXAMPLES = ROOT / "examples"
SECOND = "card_1QRs9eKZ4xUzN2TPsecond02"
DONE = "Payment method updated successfully"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A worker for both lanes."""
    with Stage(tmp_path_factory.mktemp("examples")) as made:
        made.worker("one", "interactive,bulk").ready()
        yield made


@pytest.fixture(autouse=True)
def _seeded(stage: Stage) -> None:
    """The customer of the examples has his two cards, the first as the default."""
    stage.stripe.reset(keep_config=True)


@pytest.fixture(scope="module")
def web(stage: Stage) -> Iterator[WebProcess]:
    """A web process of the same deployment."""
    with WebProcess(stage.valkey.url, CARDS_LANGUAGE="en") as made:
        yield made.until_listening()


def run(stage: Stage, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run an example as its reader would; answers what it printed."""
    return subprocess.run(
        command,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "REDIS_URL": stage.valkey.url,
            **settings,
        },
        capture_output=True,
        text=True,
    )


def python(stage: Stage, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = run(stage, sys.executable, str(EXAMPLES / name), *arguments)
    assert done.returncode == 0, done.stderr
    return done


def node(stage: Stage, web: WebProcess, name: str) -> str:
    done = run(stage, "node", str(EXAMPLES / name), CARDS_URL=web.url)
    assert done.returncode == 0, done.stderr
    return done.stdout


def defaults_set(stage: Stage) -> list[tuple[str, str]]:
    """Customers and the cards that were made their defaults, in order."""
    effects = stage.stripe.effects(kind="default_source.set")
    return [(str(one["customer"]), str(one["object"])) for one in effects]


def test_every_example_is_run() -> None:
    """No file of examples/ is missing here."""
    here = Path(__file__).read_text("utf-8")
    names = [path.name for path in EXAMPLES.iterdir() if path.is_file()]
    assert names
    assert [name for name in names if f'"{name}"' not in here] == []


@pytest.mark.parametrize("name", ["send.py", "send_async.py"])
def test_one_command_is_sent_and_waited_for(stage: Stage, name: str) -> None:
    """The blocking and the asyncio client print the envelope's message, once Stripe did it."""
    assert python(stage, name).stdout == f"{DONE}\n"
    assert defaults_set(stage) == [(CUSTOMER, CARD)]


def test_a_command_is_sent_with_celery_alone(stage: Stage) -> None:
    """Without importing anything of this project, its envelope comes back as the task's result."""
    _, status, message = python(stage, "plain_celery.py").stdout.strip().split(" ", 2)
    assert (status, message) == ("True", DONE)
    assert defaults_set(stage) == [(CUSTOMER, CARD)]


def test_a_file_is_sent_once_however_often_it_is_run(stage: Stage, tmp_path: Path) -> None:
    """Each order is accepted; a line that makes none is told; run again, all are known."""
    customers = [stage.customer() for _ in range(3)]
    rows = [f"{one},{stage.card(one)}" for one in customers]
    file = tmp_path / "cards.csv"
    file.write_text("\n".join(["customer,card", *rows[:1], "nobody,card_1", *rows[1:], ""]))
    first, again = (python(stage, "send_many.py", str(file)) for _ in range(2))
    told = [line.split() for line in first.stdout.splitlines()]
    assert [line[1:] for line in told] == [[one, "accepted"] for one in customers]
    assert first.stderr == again.stderr == "not an order: line 3\n"
    assert again.stdout == first.stdout.replace("accepted", "known")
    for command, *_ in told:
        stage.client.wait(command, timeout=60)
    assert sorted(defaults_set(stage)) == [(one, stage.card(one)) for one in customers]


@pytest.mark.node
def test_a_card_is_assigned_and_made_the_default_over_http(stage: Stage, web: WebProcess) -> None:
    """The token becomes a card of the customer's, and that card the default."""
    last = node(stage, web, "assign_then_default.mjs").splitlines()[-1]
    card = stage.stripe.effects(kind="source.created")[-1]["object"]
    assert last == f"{DONE} {card}"
    assert defaults_set(stage) == [(CUSTOMER, card)]


@pytest.mark.node
def test_the_second_card_is_made_the_default_over_http(stage: Stage, web: WebProcess) -> None:
    """The customer's cards are listed, and the second one becomes the default."""
    last = node(stage, web, "second_card_default.mjs").splitlines()[-1]
    assert last == f"{DONE} {SECOND}"
    assert defaults_set(stage) == [(CUSTOMER, SECOND)]

"""The previous release's processes beside the present ones, as during a deployment or rollback.

The previous code is extracted from the repository. If that is shallow or missing, `make
test-extended` leaves these tests out, and says so.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from producer.contract import Lane, State
from producer.migrations.registry import Registry
from tests.compatibility.golden import environment
from tests.compatibility.releases import PREVIOUS, ROOT, take_out
from tests.crash.migrating import Drive
from tests.crash.stage import Stage
from tests.crash.worker_process import wait_until

pytestmark = [pytest.mark.crash, pytest.mark.extended, pytest.mark.previous]

_EACH = 20
_MARK = "the previous release"
# Run with the previous release: orders on standard input, the commands' ids on standard output.
_SEND = """
import json, sys
from producer import CardCommands
from producer.contract import SetDefaultCard
with CardCommands(sys.argv[1]) as client:
    orders = [SetDefaultCard(customer=c, card=k) for c, k in json.load(sys.stdin)]
    ids = [client.set_default(customer=o.customer, card=o.card).id for o in orders[::2]]
    print(json.dumps([*ids, *(sent.id for sent in client.send_many(orders[1::2]))]))
"""
_STATUS = """
import json, sys
from producer import CardCommands
with CardCommands(sys.argv[1]) as client:
    print(json.dumps([client.status(one).state for one in json.load(sys.stdin)]))
"""


@pytest.fixture(scope="session")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The previous release's files. Its worker and drivers identify themselves in their logs."""
    tree = take_out(PREVIOUS, tmp_path_factory.mktemp("previous"))
    for package in ("worker", "producer/migrations"):
        with (tree / package / "__init__.py").open("a", encoding="utf-8") as file:
            file.write(f"import sys; sys.stderr.write('{_MARK}\\n')\n")
    return tree


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A stage without a worker."""
    with Stage(tmp_path) as made:
        yield made


def _run(previous: Path, code: str, stage: Stage, given: object) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code, stage.valkey.url],
        cwd=previous,
        env=environment(previous),
        input=json.dumps(given),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


def _customers(stage: Stage) -> list[tuple[str, str]]:
    names = [stage.customer() for _ in range(_EACH)]
    return [(name, stage.card(name)) for name in names]


def _send(stage: Stage) -> list[str]:
    """Commands of the present client, half of them in bulk."""
    orders = [stage.order(stage.customer()) for _ in range(_EACH)]
    ids = [stage.client.send(order, idempotency_key=order.customer).id for order in orders[::2]]
    return [*ids, *(sent.id for sent in stage.client.send_many(orders[1::2]))]


@pytest.mark.parametrize("old_queues", ["interactive", "bulk", "interactive,bulk"])
def test_both_execute_what_both_accept(stage: Stage, previous: Path, old_queues: str) -> None:
    """Each worker serves one lane, or both serve both: all commands succeed, with one effect."""
    new_queues = {"interactive": "bulk", "bulk": "interactive"}.get(old_queues, old_queues)
    stage.worker_of(previous, "previous", old_queues)
    stage.worker("today", new_queues)
    for worker in stage.workers:
        worker.ready()
    commands = _run(previous, _SEND, stage, _customers(stage)) + _send(stage)
    customer = stage.customer()
    # Both releases send in turn, in one customer's order.
    mine = [stage.set_default(customer, 2)]
    mine += _run(previous, _SEND, stage, [(customer, stage.card(customer, 1))])
    mine += [stage.set_default(customer, 2, Lane.BULK)]
    for command in [*commands, *mine]:
        stage.ended(command, State.SUCCEEDED)
        assert len(stage.effects(command)) == 1
    assert stage.applied(customer) == mine
    assert set(_run(previous, _STATUS, stage, [*commands, *mine])) == {"succeeded"}
    assert all(worker.exits == [] for worker in stage.workers)
    assert [_MARK in worker.log for worker in stage.workers] == [True, False]


def test_a_deployment_can_be_rolled_back(stage: Stage, previous: Path) -> None:
    """The previous release ends commands that the present one left waiting or at Stripe."""
    held = stage.customer("Held")
    hold = stage.hold(held, "after")
    today = stage.worker("today", "interactive,bulk").ready()
    commands = [stage.set_default(held)]
    hold.wait()
    commands += [stage.set_default(held, 1), stage.set_default(held, 2, Lane.BULK)]
    today.close()
    stage.workers.remove(today)
    commands += _send(stage)
    hold.release()
    stage.worker_of(previous, "previous", "interactive,bulk").ready()
    stage.expire_visibility()
    for command in commands:
        stage.ended(command, State.SUCCEEDED)
        assert len(stage.effects(command)) == 1
    assert stage.applied(held) == commands[:3]
    assert _MARK in stage.workers[0].log


def test_a_migration_moves_between_releases(stage: Stage, previous: Path) -> None:
    """The present driver starts it, the previous one continues it, the present one ends it."""
    stage.worker_of(previous, "previous", "bulk", CARDS_WORKER_CONCURRENCY="20").ready()
    names = [stage.customer("Row") for _ in range(60)]
    path = stage.directory / "rows.csv"
    rows = [f"{name},{stage.card(name)}" for name in names]
    path.write_text("\n".join(["userId,default_source", *rows, ""]), "utf-8")
    registry = Registry(stage.journal)
    folder = stage.directory / "migrations"
    for number, tree in enumerate((ROOT, previous), 1):
        drive = Drive(stage, path, "--rps", "20", folder=folder, tree=tree)
        drive.start()
        wait_until(registry.list, "nothing was created")
        ident = registry.list()[0].id
        _ended(registry, ident, number * 15)
        drive.kill()
        drive.close()
        assert (_MARK in (stage.directory / "rows.csv.log").read_text()) is (tree is previous)
    drive = Drive(stage, path, folder=folder)
    done = drive.call("run", str(path), "--json")
    drive.close()
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert registry.status(ident).ended_rows == len(names)
    for name in names:
        assert len(stage.applied(name)) == 1


def _ended(registry: Registry, ident: str, rows: int) -> None:
    """Wait until `rows` rows have ended."""
    wait_until(lambda: registry.status(ident).ended_rows >= rows, f"stuck before row {rows}")

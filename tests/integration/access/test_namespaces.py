"""Two deployments and another Celery application in one database: none sees the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import redis
from celery import Celery

from examples.plain_celery import settings as plain_settings
from local.processes.ports import free_port
from local.servers.valkey import ValkeyServer
from producer import CardCommands
from producer.client.errors import CommandNotFound
from producer.contract import State
from producer.journal import BlockingJournal, sweep
from producer.redis import RedisConfig
from sandbox.control.client import SandboxControl
from sandbox.http.server import SandboxThread
from tests.integration.access import processes
from tests.integration.access.processes import Process

pytestmark = [pytest.mark.integration, pytest.mark.extended, pytest.mark.timeout(300)]

NAMESPACES = ("one", "two")
CUSTOMER, CARD = "cus_Shared", "card_Sharedn2"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """The server that all share."""
    with ValkeyServer(tmp_path_factory.mktemp("namespaces")) as made:
        yield made


class Deployment:
    """Web, a worker, Flower and a stand-in for Stripe under one namespace; a context manager.

    Workers of all deployments have the same name.
    """

    def __init__(self, url: str, namespace: str, folder: Path) -> None:
        self.namespace = namespace
        self.settings = {"REDIS_URL": url, "CARDS_NAMESPACE": namespace}
        self.folder = folder / namespace
        self._sandbox = SandboxThread()
        self._stack = ExitStack()

    def __enter__(self) -> Deployment:
        self._sandbox.start()
        self._stack.callback(self._sandbox.stop)
        self.stripe = SandboxControl(self._sandbox.url)
        self.stripe.configure(auto_create=True)
        port, flower_port = free_port(), free_port()
        self.web_url = f"http://127.0.0.1:{port}"
        self.flower_url = f"http://127.0.0.1:{flower_port}"
        self.web = self._run(processes.web(self.folder, {**self.settings, "PORT": str(port)}))
        self.flower = self._run(processes.flower(self.folder, flower_port, self.settings))
        self.client = self._stack.enter_context(CardCommands.from_env(self.settings))
        self.web.until_says("listening on")
        self.start_worker()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _run(self, process: Process) -> Process:
        return self._stack.enter_context(process)

    def start_worker(self) -> None:
        told = {**self.settings, "STRIPE_API_BASE": self._sandbox.url}
        folder = self.folder / uuid4().hex
        self.worker = self._run(processes.worker(folder, told, "-n", "same@here"))
        self.worker.until_says(" ready.")

    def cards(self, *arguments: str) -> str:
        told = {**self.settings, "PORT": self.web_url.rpartition(":")[2]}
        with processes.cards(self.folder / uuid4().hex, told, *arguments) as process:
            assert process.ended() == 0, process.output
            return process.output

    def celery(self) -> Celery:
        """A plain Celery sender of this deployment."""
        app = Celery(self.namespace, set_as_current=False)
        app.conf.update(plain_settings(self.settings))
        return app

    def seen(self, command: str) -> bool:
        """Whether a command took effect at this deployment's Stripe."""
        keys = [str(effect["idempotency_key"]) for effect in self.stripe.effects()]
        return any(key.startswith(command) for key in keys)

    def tasks(self) -> set[str]:
        """What Flower knows of."""
        return set(httpx.get(f"{self.flower_url}/api/tasks", timeout=30).json())

    def workers(self) -> dict[str, Any]:
        """What Flower has heard from the workers."""
        answer = httpx.get(f"{self.flower_url}/api/workers?refresh=1", timeout=30)
        return dict(answer.json()) if answer.status_code == 200 else {}


def prefixed(keys: set[str]) -> bool:
    return all(key.startswith(("one:", "two:")) for key in keys)


def test_deployments_and_others_share_a_database(server: ValkeyServer, tmp_path: Path) -> None:
    """All carry out commands of the same customers, keys and ids at once, each its own alone."""
    admin: Any = redis.Redis.from_url(server.url, decode_responses=True)
    with ExitStack() as stack:
        both = [stack.enter_context(Deployment(server.url, name, tmp_path)) for name in NAMESPACES]
        for one in both:
            one.flower.until(one.workers, "no worker is seen")
        commands = {one.namespace: _send(one) for one in both}
        _only_their_own(both, commands, admin)
        _the_same_file(both, tmp_path)
        channels = set(admin.pubsub_channels())
        assert channels
        assert prefixed(channels)
        assert prefixed(set(admin.scan_iter(count=1000)))
        _beside_a_foreigner(both, server, tmp_path)
        for one in both:
            assert "FAIL" not in one.cards("doctor")
            for process in (one.web, one.worker, one.flower):
                assert "Traceback" not in process.output, process.output
        ours = {key for key in admin.scan_iter(count=1000) if "cards:" in key}
        assert ours
        assert prefixed(ours)
    admin.close()


def _send(one: Deployment) -> set[str]:
    """Commands in both lanes and by all ways, under keys and an id that both deployments use."""
    first = one.client.set_default(customer=CUSTOMER, card=CARD, idempotency_key="same")
    assert not first.known
    assert first.wait(30).status
    assert one.client.set_default(customer=CUSTOMER, card=CARD, idempotency_key="same").known
    answer = httpx.post(
        f"{one.web_url}/api/cards/default",
        json={"userId": CUSTOMER, "default_source": "card_Sharedn1"},
        headers={"Idempotency-Key": "web"},
        timeout=30,
    )
    assert answer.json()["status"], answer.text
    many = list(one.client.send_many([first.order] * 3))
    for handle in many:
        assert handle.wait(30) is not None
    sent = one.celery().send_task(
        "SetDefaultCard",
        kwargs={"userId": CUSTOMER, "default_source": CARD},
        queue="interactive",
        task_id="11111111-2222-4333-8444-555555555555",
    )
    assert sent.get(timeout=30)["status"]
    assert httpx.get(f"{one.web_url}/api/cards/{CUSTOMER}", timeout=30).json()["status"]
    one.flower.until(lambda: {first.id, sent.id} <= one.tasks(), "Flower does not see the tasks")
    return {first.id, sent.id, *(handle.id for handle in many)}


def _only_their_own(both: list[Deployment], commands: dict[str, set[str]], admin: Any) -> None:
    for one, other in (both, reversed(both)):
        mine = commands[one.namespace]
        alone = mine - commands[other.namespace]
        assert alone
        for command in mine:
            assert one.client.status(command).state in (State.SUCCEEDED, State.SUPERSEDED)
        for command in alone:
            assert not other.seen(command)
            with pytest.raises(CommandNotFound):
                other.client.status(command)
        assert all(one.seen(each) for each in mine if each.startswith("11111111"))
        assert not alone & other.tasks()
        assert len(one.workers()) == 1
        # What one deployment has lost is for its own sweep alone.
        one.worker.stop()
        left = one.client.set_default(customer=CUSTOMER, card=CARD).id
        assert admin.delete(f"{one.namespace}:interactive") == 1
        assert left not in _swept(other)
        assert left in _swept(one)
        one.client.cancel(left)
        one.start_worker()


def _swept(one: Deployment) -> list[str]:
    """The commands whose message a worker of the deployment would take for lost."""
    journal = BlockingJournal(RedisConfig.from_environ(one.settings))
    try:
        return journal(sweep("", limit=10, patience_ms=0)).commands
    finally:
        journal.close()


def _the_same_file(both: list[Deployment], folder: Path) -> None:
    """A migration of the same rows has the same id, and is one of each deployment."""
    file = folder / "rows.csv"
    file.write_text("userId,default_source\ncus_Row1,card_Row1n2\ncus_Row2,card_Row2n2\n")
    listed = []
    for one in both:
        one.cards("migrate", "run", str(file))
        listed.append(one.cards("migrate", "list"))
    for text in listed:
        assert text.count("mig_") == 1, text


def _beside_a_foreigner(both: list[Deployment], server: ValkeyServer, folder: Path) -> None:
    """An application without a namespace, with queues and tasks of our names."""
    settings = {"REDIS_URL": server.url}
    arguments = [
        "-m",
        "celery",
        "-A",
        "tests.integration.access.foreign",
        "worker",
        "-P",
        "solo",
        "-l",
        "INFO",
    ]
    with processes.python(folder, "foreign", settings, *arguments, "-n", "same@here") as foreign:
        foreign.until_says(" ready.")
        app = Celery("foreign", broker=server.url, backend=server.url, set_as_current=False)
        kwargs = {"userId": CUSTOMER, "default_source": CARD}
        ident = str(uuid4())
        sent = app.send_task("SetDefaultCard", kwargs=kwargs, queue="interactive", task_id=ident)
        assert str(sent.get(timeout=30)).startswith("foreign ")
        assert _answering(app) == [["same@here"]]
        for one in both:
            assert (
                one.celery()
                .send_task("SetDefaultCard", kwargs=kwargs, queue="interactive", task_id=ident)
                .get(timeout=30)["status"]
            )
            assert one.seen(ident)
            assert _answering(one.celery()) == [["same@here"]]
        assert foreign.output.count("Task SetDefaultCard") == 2  # received and succeeded, once


def _answering(app: Celery) -> list[list[str]]:
    """The names of the workers that answer, one list for each answer."""
    return [list(answer) for answer in app.control.ping(timeout=5) or []]

"""Redis lost altogether: emptied, restarted on an empty folder, or replaced behind the address."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest
import redis

from local.processes.waiting import until
from local.servers.relay import Relay
from local.servers.valkey import ValkeyServer
from producer import CardCommands, CommandHandle, Unavailable
from producer.contract import State
from producer.journal import BlockingJournal, first_use, journal_id
from tests.failover.deployment import Deployment

pytestmark = pytest.mark.crash
NOTICES_S, CARRIES_OUT_S = 3.0, 15.0
_GONE = "Redis was emptied, or is another one"


class Scene:
    """Two servers with their own journals, a relay to the first one, and a deployment."""

    def __init__(self, directory: Path, servers: list[ValkeyServer], relay: Relay) -> None:
        self.directory, self.servers, self.relay = directory, servers, relay
        self.url = f"redis://127.0.0.1:{relay.port}/0"

    @contextmanager
    def deployed(self, **settings: str) -> Iterator[Deployment]:
        with Deployment(self.directory / "deployment", self.url, **settings) as made:
            yield made

    def flush(self) -> None:
        with redis.Redis.from_url(self.servers[0].url) as client:
            client.flushall()

    def start_empty(self) -> None:
        """Kill the server, and restart it on an empty folder."""
        first = self.servers[0]
        first.kill()
        shutil.rmtree(first.directory)
        first.start()

    def move(self, to: int = 1) -> None:
        """Move the address to the other server, and reset open connections."""
        self.relay.point_at(self.servers[to].port)
        self.relay.cut()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    servers = [ValkeyServer(tmp_path / name) for name in ("first", "second")]
    with servers[0], servers[1], Relay(servers[0].port) as relay:
        made = Scene(tmp_path, servers, relay)
        with CardCommands(servers[1].url) as client:
            _sent(client, "cus_Second1")
        yield made


def _card(customer: str) -> str:
    return f"card_{customer.removeprefix('cus_')}n2"


def _sent(client: CardCommands, customer: str) -> CommandHandle:
    return client.set_default(customer=customer, card=_card(customer))


def _reported(deployment: Deployment) -> list[int]:
    """How often each process has reported the loss."""
    logs = [deployment.web.log, *(worker.log for worker in deployment.workers)]
    return [sum(_GONE in line for line in log.splitlines()) for log in logs]


def _until_reported(deployment: Deployment) -> None:
    until(lambda: _reported(deployment) == [1, 1, 1], "each process reports the loss once")


def _not_ready(deployment: Deployment, why: str) -> str:
    status, message = deployment.readiness()
    return message if status == 503 and why in message else ""


def _post(deployment: Deployment, customer: str) -> httpx.Response:
    return httpx.post(
        f"{deployment.web.url}/api/cards/default",
        json={"userId": customer, "default_source": _card(customer)},
        headers={"Prefer": "respond-async"},
        timeout=10,
    )


@pytest.mark.parametrize(
    "lose",
    [
        Scene.flush,
        pytest.param(Scene.start_empty, marks=pytest.mark.extended),
        pytest.param(Scene.move, marks=pytest.mark.extended),
    ],
)
def test_nothing_is_accepted_or_executed(scene: Scene, lose: Callable[[Scene], None]) -> None:
    """Within seconds readyz, POST and GET give the reason, workers stop, each log reports it once.

    The other data is not touched; the outcome of a command at Stripe is logged.
    """
    with scene.deployed() as deployment:
        before = _sent(deployment.client, "cus_Before1")
        assert before.wait(CARRIES_OUT_S).status
        customer = deployment.customer("AtStripe")
        hold = deployment.hold(customer)
        at_stripe = _sent(deployment.client, customer)
        hold.wait()
        with deployment.sending() as sender:
            lose(scene)
            lost = time.monotonic()
            # Only while the server is away may the answer be another.
            said = until(lambda: _not_ready(deployment, "earlier data"), "readyz gives the reason")
            took_s = time.monotonic() - lost
            until(lambda: (503, "unavailable") in sender.refusals, "HTTP answers 503")
        assert took_s < NOTICES_S
        assert "nothing is accepted" in said
        _until_reported(deployment)

        refused = _post(deployment, "cus_Refused1")
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert "emptied" in refused.json()["message"]
        found = httpx.get(f"{deployment.web.url}/api/tasks/{before.id}")
        assert (found.status_code, found.json()["code"]) == (503, "unavailable")
        for ask in (before.status, before.wait, lambda: before.wait(None)):
            with pytest.raises(Unavailable, match="earlier data"):
                ask()

        hold.release()
        logs = [worker.log_path for worker in deployment.workers]
        until(
            lambda: any(
                f"{at_stripe.id} came to succeeded, which could not be written" in log.read_text()
                for log in logs
            ),
            "the outcome of the command at Stripe is logged",
        )
        # No worker fetches a message that is there, whoever sent it.
        requests = len(deployment.stripe.requests())
        with CardCommands(scene.servers[1 if lose is Scene.move else 0].url) as other:
            strange = _sent(other, "cus_Strange1")
            time.sleep(NOTICES_S)  # no event announces that nothing happens
            assert other.status(strange.id).state is State.QUEUED
        assert len(deployment.stripe.requests()) == requests
        deployment.unchanged()
        assert _reported(deployment) == [1, 1, 1]


@pytest.mark.extended
def test_the_right_data_comes_back(scene: Scene) -> None:
    """When the address leads to the former journal again, everything continues by itself.

    A command whose outcome could not be written ends with one effect, by its key.
    """
    with scene.deployed() as deployment:
        customer = deployment.customer("Back")
        hold = deployment.hold(customer)
        with deployment.sending() as sender:
            held = _sent(deployment.client, customer)
            hold.wait()
            accepted = set(sender.accepted)
            scene.move()
            moved = time.monotonic()
            until(lambda: (503, "unavailable") in sender.refusals, "HTTP answers 503")
            hold.release()
            _until_reported(deployment)
            strange = {one for one, at in sender.accepted.items() if at > moved}
            scene.move(to=0)
            back = time.monotonic()
            sender.until_accepted(back, NOTICES_S + CARRIES_OUT_S)
        deployment.until_ready()
        ours = [one for one, at in sender.accepted.items() if at > back or one in accepted]
        assert not strange & set(ours)
        deployment.carried_out([held.id, *ours], CARRIES_OUT_S)
        logs = [deployment.web.log, *(worker.log for worker in deployment.workers)]
        assert all("the journal of before is there again" in log for log in logs)
        deployment.unchanged()


@pytest.mark.extended
def test_the_setting_lets_everything_continue(scene: Scene) -> None:
    """With CARDS_ACCEPT_OTHER_DATA the loss is reported once, and commands are executed."""
    with scene.deployed(CARDS_ACCEPT_OTHER_DATA="yes") as deployment:
        before = _sent(deployment.client, "cus_Before1")
        assert before.wait(CARRIES_OUT_S).status
        scene.flush()
        _until_reported(deployment)
        deployment.until_ready()
        answer = httpx.get(f"{deployment.web.url}/readyz", timeout=10)
        assert answer.json()["data"]["journal"] is False
        assert "earlier data" in answer.json()["message"]
        accepted = _post(deployment, "cus_After1")
        assert accepted.status_code == 202
        deployment.carried_out([accepted.json()["data"]["taskId"]], CARRIES_OUT_S)
        found = httpx.get(f"{deployment.web.url}/api/tasks/{before.id}")
        assert (found.status_code, found.json()["code"]) == (404, "task_not_found")
        time.sleep(2)  # several more checks, each of which might report it again
        assert _reported(deployment) == [1, 1, 1]
        deployment.unchanged()


@pytest.mark.extended
def test_only_the_journal_in_the_settings_is_accepted(scene: Scene) -> None:
    """With CARDS_JOURNAL_ID, processes started after the loss refuse the other journal too."""
    journal = BlockingJournal(scene.servers[0].url)
    known = journal(first_use())
    scene.move()
    folder = scene.directory / "deployment"
    with closing(Deployment(folder, scene.url, CARDS_JOURNAL_ID=known)) as deployment:
        deployment.web.until_listening()
        said = until(lambda: _not_ready(deployment, "earlier data"), "readyz gives the reason")
        assert "nothing is accepted" in said
        _until_reported(deployment)
        assert _post(deployment, "cus_Refused1").status_code == 503
        scene.move(to=0)
        deployment.until_ready()
        accepted = _post(deployment, "cus_After1")
        deployment.carried_out([accepted.json()["data"]["taskId"]], CARRIES_OUT_S)
    assert journal(journal_id()) == known
    journal.close()

"""Each process does its work with the rights of deploy/redis-users.acl, which are no more."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import redis

from local.processes.ports import free_port
from producer import AsyncCardCommands, CardCommands
from producer.contract import Envelope, SetDefaultCard, State
from producer.journal import BlockingJournal, End, claim, complete
from producer.journal.redis.scripts import sources
from producer.redis import RedisConfig
from sandbox.control.client import SandboxControl
from sandbox.http.server import SandboxThread
from tests.integration.access import processes
from tests.integration.access.processes import Process
from tests.integration.access.users import ROLES, Denied, UsersServer, debian_redis, rendered

pytestmark = [pytest.mark.integration, pytest.mark.extended, pytest.mark.timeout(300)]

# What they are denied and do without: a look at durability, and names that libraries give
# themselves (CLIENT SETINFO is of Redis 7.2; a file that grants it is refused by older ones).
_DONE_WITHOUT = {
    Denied("cards-web", "command", "config|get"),
    Denied("cards-worker", "command", "config|get"),
    Denied("cards-flower", "command", "client|setinfo"),
    Denied("cards-celery", "command", "client|setinfo"),
}
_REFRESH = "/api/workers?refresh=1"


@pytest.fixture(params=["Valkey", "Redis with a namespace"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[UsersServer]:
    """A server with the users of the file."""
    if request.param == "Valkey":
        made = UsersServer(tmp_path / "server", "")
    else:
        made = UsersServer(tmp_path / "server", "shop", debian_redis())
    with made:
        yield made
        made.admin.close()


class Work:
    """What all do in their roles; a context manager that runs the processes."""

    def __init__(self, server: UsersServer, folder: Path) -> None:
        self.server, self.folder = server, folder
        self._sandbox = SandboxThread()
        self._stack = ExitStack()
        self._customers = 0

    def __enter__(self) -> Work:
        self._sandbox.start()
        self._stack.callback(self._sandbox.stop)
        SandboxControl(self._sandbox.url).configure(auto_create=True)
        settings = self.server.settings
        port, flower_port = free_port(), free_port()
        self.web_url = f"http://127.0.0.1:{port}"
        self.flower_url = f"http://127.0.0.1:{flower_port}"
        migrations = {"PORT": str(port), "CARDS_MIGRATIONS_DIR": str(self.folder / "web")}
        self.web = self._run(processes.web(self.folder, {**settings("web"), **migrations}))
        self.flower = self._run(processes.flower(self.folder, flower_port, settings("flower")))
        self.web.until_says("listening on")
        self.client = self._stack.enter_context(CardCommands.from_env(settings("client")))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _run(self, process: Process) -> Process:
        return self._stack.enter_context(process)

    def start_workers(self) -> None:
        told = {**self.server.settings("worker"), "STRIPE_API_BASE": self._sandbox.url}
        self.workers = []
        for name in ("one", "two"):
            folder = self.folder / name
            self.workers.append(self._run(processes.worker(folder, told, "-n", f"{name}@here")))
            self.workers[-1].until_says(" ready.")

    def cards(self, *arguments: str, code: int = 0) -> str:
        settings = {**self.server.settings("cli"), "PORT": self.web_url.rpartition(":")[2]}
        folder = self.folder / uuid4().hex
        with processes.cards(folder, settings, *arguments) as process:
            assert process.ended() == code, (arguments, process.output)
            return process.output

    def customer(self) -> tuple[str, str]:
        """A new customer and a card of it."""
        self._customers += 1
        return f"cus_User{self._customers}", f"card_User{self._customers}n2"

    def fail_one(self) -> str:
        """A command that failed; the worker's own user ends it, before there is a worker."""
        customer, card = self.customer()
        sent = self.client.set_default(customer=customer, card=card)
        journal = BlockingJournal(RedisConfig.from_environ(self.server.settings("worker")))
        taken = journal(claim(sent.id, str(uuid4()), 60_000))
        assert taken.grant is not None
        no = Envelope.no("api_error", "gave up")
        end = End(State.FAILED, 200, no, 0, Envelope.no("superseded", "newer"))
        journal(complete(taken.grant, end, next_holder="", lease_ms=60_000))
        journal.close()
        return sent.id


def _as_client(work: Work) -> None:
    customer, card = work.customer()
    sent = work.client.set_default(customer=customer, card=card, idempotency_key="once")
    assert sent.wait(30).status
    assert work.client.set_default(customer=customer, card=card, idempotency_key="once").known
    assert work.client.assign(customer=customer, source="tok_User").wait(30) is not None
    orders = []
    for _ in range(60):
        customer, card = work.customer()
        orders.append(SetDefaultCard(customer=customer, card=card))
    for handle in list(work.client.send_many(orders)):
        assert handle.wait(60).status

    async def asynchronously() -> None:
        async with AsyncCardCommands.from_env(work.server.settings("client")) as client:
            customer, card = work.customer()
            sent = await client.set_default(customer=customer, card=card)
            assert (await sent.wait(30)).status

    asyncio.run(asynchronously())


def _as_web(work: Work) -> None:
    customer, card = work.customer()
    with httpx.Client(base_url=work.web_url, timeout=30, trust_env=False) as http:
        body = {"userId": customer, "default_source": card}
        answer = http.post("/api/cards/default", json=body, headers={"Idempotency-Key": "web"})
        assert answer.json()["status"], answer.text
        task = (answer.headers.get("Location") or answer.headers["Content-Location"]).split("/")[-1]
        assert http.get(f"/api/tasks/{task}?wait=5").json()["data"]["state"] == "succeeded"
        assert "succeeded" in http.get(f"/api/tasks/{task}/events").text
        assert http.get(f"/api/cards/{customer}").json()["status"]
        assert http.get("/readyz").status_code == 200
        assert http.get("/metrics").status_code == 200
        rows = "".join("{},{}\n".format(*work.customer()) for _ in range(5))
        file = f"userId,default_source\n{rows}".encode()
        entered = http.post("/api/migrations?name=a.csv&run=true&skip-if-newer=true", content=file)
        migration = f"/api/migrations/{entered.json()['data']['migration']['id']}"

        def ended() -> bool:
            return str(http.get(migration).json()["data"]["state"]) == "finished"

        for action in ("pause", "resume"):
            http.post(f"{migration}/{action}")
        http.post(f"{migration}/throttle", json={"rps": 50})
        work.web.until(ended, "the migration does not end")
        assert http.get(f"{migration}/report.csv").status_code == 200
        assert http.get("/api/migrations").status_code == 200
        assert http.delete(migration).status_code == 200


def _as_cli(work: Work, failed: str) -> None:
    customer, card = work.customer()
    work.cards("send", "set-default", customer, card)
    waiting = work.client.set_default(customer=customer, card=card).id
    work.cards("status", waiting, "--wait", "30")
    work.cards("cancel", waiting, code=1)  # it has ended
    assert failed in work.cards("failed", "list")
    work.cards("failed", "show", failed)
    work.cards("failed", "replay", failed)
    work.cards("status", failed, "--wait", "30")
    file = work.folder / "rows.csv"
    rows = "".join("{},{}\n".format(*work.customer()) for _ in range(5))
    file.write_text(f"userId,default_source\n{rows}")
    work.cards("migrate", "plan", str(file), "--check", "2")
    work.cards("migrate", "run", str(file))
    found = re.search(r"mig_\w+", work.cards("migrate", "list"))
    assert found is not None
    for verb in ("status", "pause", "resume", "cancel", "report"):
        work.cards("migrate", verb, found[0], code=0 if verb in ("status", "report") else 1)
    work.cards("migrate", "forget", found[0], "--yes")
    told = work.cards("doctor")
    assert "FAIL" not in told, told
    assert "NOPERM" not in told, told


def _as_plain_celery(work: Work) -> None:
    with processes.plain_celery(work.folder, work.server.settings("celery")) as sender:
        assert sender.ended() == 0, sender.output


def _as_flower(work: Work) -> None:
    with httpx.Client(base_url=work.flower_url, timeout=30, trust_env=False) as http:

        def workers() -> bool:
            answer = http.get(_REFRESH)
            return answer.status_code == 200 and len(answer.json()) == 2

        work.flower.until(workers, "Flower does not see both workers")
        told = http.get(_REFRESH).json()
        assert {"stats", "conf", "active_queues"} <= set(told["one@here"]), told
        assert "secret-of" not in str(told)
        tasks = http.get("/api/tasks").json()
        assert tasks
        lengths = http.get("/api/queues/length").json()["active_queues"]
        assert {one["name"] for one in lengths} >= {"interactive", "bulk"}
        result = http.get(f"/api/task/result/{next(iter(tasks))}")
        assert result.status_code == 200, result.text


def test_every_role_does_its_work_and_is_denied_nothing(
    server: UsersServer, tmp_path: Path
) -> None:
    """Processes of all roles side by side: all they do succeeds, and ACL LOG stays empty."""
    with Work(server, tmp_path) as work:
        failed = work.fail_one()
        cancelled = work.client.set_default(customer="cus_Cancelled", card="card_1")
        work.client.cancel(cancelled.id)
        work.start_workers()
        _as_client(work)
        _as_web(work)
        _as_cli(work, failed)
        _as_plain_celery(work)
        _as_flower(work)
        inspect = ["-m", "celery", "-A", "worker.app", "inspect", "ping"]
        told = {**server.settings("worker"), "STRIPE_API_KEY": "sk_test_access"}
        with processes.python(tmp_path, "inspect", told, *inspect) as process:
            assert process.ended() == 0, process.output
        work.workers[0].stop()
        for process in (*work.workers, work.web, work.flower):
            assert "Traceback" not in process.output, process.output
    assert server.denied() <= _DONE_WITHOUT
    prefix = _prefix(server)
    assert all(key.startswith(prefix) for key in server.admin.scan_iter())


def _prefix(server: UsersServer) -> str:
    return f"{server.namespace}:" if server.namespace else ""


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_nothing_else(server: UsersServer, role: str) -> None:
    """No role may administer the server, look through all keys, or touch keys that are not ours."""
    prefix = _prefix(server)
    refused: list[tuple[str, ...]] = [
        ("FLUSHALL",),
        ("FLUSHDB",),
        ("KEYS", "*"),
        ("CONFIG", "SET", "appendonly", "no"),
        ("ACL", "LIST"),
        ("SHUTDOWN",),
        ("REPLICAOF", "NO", "ONE"),
        ("CLIENT", "KILL", "TYPE", "normal"),
        ("MONITOR",),
        ("EVAL", "return 1", "0"),
        ("GET", f"{prefix}others"),
        ("SET", f"{prefix}others", "1"),
        ("PUBLISH", f"{prefix}others", "1"),
        ("SUBSCRIBE", f"{prefix}others"),
    ]
    if role != "cli":
        refused += [("CONFIG", "GET", "requirepass"), ("INFO",), ("SCAN", "0")]
    if role != "worker":
        refused += [("BRPOP", f"{prefix}interactive", "1"), ("HGETALL", f"{prefix}unacked")]
    if role in ("celery", "flower"):
        refused += [("GET", f"{prefix}cards:journal"), ("DEL", f"{prefix}celery-task-meta-1")]
        refused += [("ZRANGE", f"{prefix}unacked_index", "0", "-1")]
    if prefix:
        refused += [("GET", "cards:journal"), ("LPUSH", "interactive", "message")]
    with server.client(role) as client:
        for command in refused:
            with pytest.raises(redis.exceptions.NoPermissionError):
                client.execute_command(*command)
        assert client.ping()


def test_the_file_names_what_the_scripts_do() -> None:
    """Whoever accepts commands may do every command that the journal's scripts have."""
    scripts = {name: file.read_text("utf-8") for name, file in sources().items()}
    assert "accept" in scripts
    used = {name.lower() for text in scripts.values() for name in _CALLS.findall(text)}
    for line in rendered("").splitlines():
        name, granted = line.split()[1], set(line.split())
        if name in ("cards-web", "cards-cli", "cards-worker"):
            assert {f"+{one}" for one in used} <= granted, name


_CALLS = re.compile(r"(?:call|count)\('([A-Z]+)'")

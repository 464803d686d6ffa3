"""Flower, a process of its own: whom it answers, what it may do, and what it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
from celery import Celery

from local.processes.ports import free_port
from local.processes.waiting import until
from local.servers.valkey import ValkeyServer
from tests.integration.access import processes

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

PASSWORD = ("ops", "of-the-test")
WITH_PASSWORD = {"FLOWER_BASIC_AUTH": ":".join(PASSWORD)}
OPEN_API = {"FLOWER_UNAUTHENTICATED_API": "true"}
# What Flower does to workers and tasks; the pages' buttons call the same.
CONTROL = (
    "/api/worker/shutdown/x@here",
    "/api/worker/pool/restart/x@here",
    "/api/worker/pool/grow/x@here",
    "/api/worker/pool/shrink/x@here",
    "/api/worker/pool/autoscale/x@here",
    "/api/worker/queue/add-consumer/x@here",
    "/api/worker/queue/cancel-consumer/x@here",
    "/api/task/apply/AssignCard",
    "/api/task/async-apply/AssignCard",
    "/api/task/send-task/AssignCard",
    "/api/task/abort/an-id",
    "/api/task/timeout/AssignCard",
    "/api/task/rate-limit/AssignCard",
    "/api/task/revoke/an-id",
)
PAGES = (
    "/",
    "/workers",
    "/workers?json=1",
    "/tasks",
    "/tasks/datatable?draw=1&start=0&length=10&order[0][column]=0",
    "/broker",
    "/metrics",
    "/api/workers",
    "/api/tasks",
    "/api/task/types",
    "/api/queues/length",
    "/api/task/result/an-id",
)
# Marked, so that no other text is taken for one of them.
TOKEN, KEY = "tok_1MarkedMarkedMarked", "sk_live_MarkedMarked"
NUMBERS = (
    "4242424242424242",
    "4242_4242_4242_4242",
    "４２４２４２４２４２４２４２４２",
    4242424242424242,
)
SECRETS = ("MarkedMarked", "4242424242424242", "4242_4242", "４２４２", "u4242", "uff14")
# By itself: a time or an id may hold its digits.
CVC = re.compile(r"(?<![\w.-])9173(?![\w.-])")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """The server that all share."""
    with ValkeyServer(tmp_path_factory.mktemp("flower")) as made:
        yield made


@contextmanager
def running(
    server: ValkeyServer, folder: Path, *options: str, **settings: str
) -> Iterator[httpx.Client]:
    """A client of a Flower of these settings, without a password."""
    port = free_port()
    told = {"REDIS_URL": server.url, **settings}
    with (
        processes.closed_flower(folder, port, told, *options) as flower,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False) as http,
    ):

        def up() -> bool:
            try:
                return http.get("/healthcheck").text == "OK"
            except httpx.TransportError:
                return False

        flower.until(up, "Flower does not answer")
        yield http
        assert "Traceback" not in flower.output, flower.output


@pytest.mark.parametrize(
    ("options", "settings", "named"),
    [
        ((), {}, "FLOWER_ADDRESS"),
        ((), OPEN_API, "FLOWER_ADDRESS"),
        (("--address=0.0.0.0",), {}, "FLOWER_ADDRESS"),
        ((), {"FLOWER_ADDRESS": "::"}, "FLOWER_ADDRESS"),
        (("--address=0.0.0.0",), {**WITH_PASSWORD, **OPEN_API}, "FLOWER_UNAUTHENTICATED_API"),
        (("--address=0.0.0.0",), {"FLOWER_BASIC_AUTH": "ops"}, "FLOWER_BASIC_AUTH"),
        (("--address=0.0.0.0", "--basic_auth=ops:"), {}, "FLOWER_BASIC_AUTH"),
        (("--address=0.0.0.0", "--auth=.*@here"), {}, "FLOWER_AUTH_PROVIDER"),
        (("--address=127.0.0.1",), {"CARDS_FLOWER_CONTROL": "maybe"}, "CARDS_FLOWER_CONTROL"),
    ],
)
def test_it_does_not_start_open_to_the_network(
    server: ValkeyServer,
    tmp_path: Path,
    options: tuple[str, ...],
    settings: dict[str, str],
    named: str,
) -> None:
    """It ends with one line that names the setting; so it does where one is wrong."""
    told = {"REDIS_URL": server.url, **settings}
    with processes.closed_flower(tmp_path, free_port(), told, *options) as flower:
        assert flower.ended() == 1, flower.output
        (line,) = flower.output.splitlines()
        assert line.startswith(f"flower: {named} "), line
        assert PASSWORD[1] not in line


def test_a_password_is_asked_for_everywhere(server: ValkeyServer, tmp_path: Path) -> None:
    """Every page, the API and the metrics; only the probe's path, which says OK, is open."""
    with running(server, tmp_path, "--address=0.0.0.0", **WITH_PASSWORD) as http:
        for path in PAGES:
            assert http.get(path).status_code == 401, path
            assert http.get(path, auth=("ops", "wrong")).status_code == 401, path
            assert http.get(path, auth=("ops", "contraseña")).status_code == 401, path
            assert http.get(path, auth=PASSWORD).status_code == 200, path
        for path in CONTROL:
            assert http.post(path, json={}).status_code == 401, path
        assert "flower_" in http.get("/metrics", auth=PASSWORD).text


def test_remote_control_is_off_unless_asked_for(server: ValkeyServer, tmp_path: Path) -> None:
    """Each route that steers answers 403 and says what turns it on; nothing reaches Redis."""
    with (
        running(server, tmp_path, "--address=0.0.0.0", **WITH_PASSWORD) as http,
        redis.Redis.from_url(server.url) as client,
    ):
        for path in CONTROL:
            answer = http.post(path, json={"args": []}, auth=PASSWORD)
            assert answer.status_code == 403, path
            assert "CARDS_FLOWER_CONTROL=on" in answer.text, path
        assert client.llen("interactive") == client.llen("celery") == 0


def test_remote_control_can_be_asked_for(server: ValkeyServer, tmp_path: Path) -> None:
    """Then it does as it is told, by whoever has the password and not by another site's page."""
    with (
        running(server, tmp_path, CARDS_FLOWER_CONTROL="on", **WITH_PASSWORD) as http,
        redis.Redis.from_url(server.url) as client,
    ):
        path = "/api/task/send-task/foreign.none"
        for headers in ({"Origin": "http://other.site"}, {"Sec-Fetch-Site": "cross-site"}):
            answer = http.post(path, json={}, auth=PASSWORD, headers=headers)
            assert answer.status_code == 403, headers
        assert client.llen("celery") == 0
        assert http.post(path, json={}, auth=PASSWORD).status_code == 200
        assert client.llen("celery") == 1
        shutdown = http.post("/api/worker/shutdown/x@here", auth=PASSWORD)
        assert shutdown.status_code == 404  # there is no such worker
        client.delete("celery")


def test_on_loopback_no_other_site_reads(server: ValkeyServer, tmp_path: Path) -> None:
    """Without a password: no name that was made to lead here, and no leave for other origins."""
    with running(server, tmp_path, "--address=127.0.0.1", **OPEN_API) as http:
        answer = http.get("/api/tasks", headers={"Origin": "http://other.site"})
        assert answer.status_code == 200
        assert not [name for name in answer.headers if name.startswith("access-control")]
        for path in ("/api/tasks", "/tasks", "/metrics"):
            rebound = http.get(path, headers={"Host": "other.site:5555"})
            assert rebound.status_code == 403, path
            assert http.get(path, headers={"Host": "localhost:5555"}).status_code == 200, path


def test_no_secret_of_any_task_is_shown(server: ValkeyServer, tmp_path: Path) -> None:
    """Of foreign tasks, waiting, at work, failed and done: not by a page and not by the API."""
    secrets: dict[str, Any] = {"cvc": "9173", "security_code": 9173, "source": TOKEN, "key": KEY}
    arguments = ["-m", "celery", "-A", "tests.integration.access.foreign", "worker", "-l", "INFO"]
    arguments += ["-P", "threads", "-c", "1", "-n", "foreign@here"]
    app = Celery("foreign", broker=server.url, backend=server.url, set_as_current=False)
    app.conf.update(task_default_queue="interactive", task_send_sent_event=True)
    with (
        processes.python(tmp_path, "foreign", {"REDIS_URL": server.url}, *arguments) as foreign,
        running(server, tmp_path, "--address=127.0.0.1", **WITH_PASSWORD, **OPEN_API) as http,
        redis.Redis.from_url(server.url) as client,
    ):
        http.auth = PASSWORD
        foreign.until_says(" ready.")

        def answers(path: str) -> Any:
            answer = http.get(path)
            return answer.json() if answer.status_code == 200 else {}

        def worker(refresh: bool = True) -> Any:
            path = f"/api/workers?refresh={int(refresh)}&workername=foreign@here"
            return answers(path).get("foreign@here", {})

        until(worker, "Flower does not see the worker")
        given = app.send_task("foreign.give", kwargs=secrets | {"numbers": NUMBERS})
        until(given.ready, "the first does not end")
        held = app.send_task("foreign.hold", args=[*NUMBERS, "9173"], kwargs=secrets)
        app.send_task("foreign.hold", args=["cvc: 9173", f"{{'cvv': '9173', 'of': {NUMBERS}}}"])
        app.send_task(f"foreign.{TOKEN}", args=[TOKEN], task_id=f"of-{TOKEN}")
        app.send_task("foreign.hold", args=list(NUMBERS), kwargs=secrets, countdown=3600)
        until(
            lambda: all(worker().get(one) for one in ("active", "reserved", "scheduled")),
            "not all are in the worker's hand",
        )
        shown = [http.get(path) for path in PAGES]
        shown += [http.get("/worker/foreign@here"), http.get("/worker/foreign@here?limit=100")]
        client.lpush("foreign:go", "1", "2")
        until(held.ready, "it does not end")
        info = f"/api/task/info/{held.id}"
        until(lambda: answers(info).get("state") == "FAILURE", "Flower does not hear of its end")
        shown += [http.get(f"/api/task/result/{one.id}") for one in (given, held)]
        shown += [http.get(path) for path in (info, f"/task/{held.id}", f"/task/{given.id}")]
        shown += [http.get(path) for path in PAGES]
        shown += [http.get(f"/api/tasks?search={word}") for word in ("9173", "4242", "Marked")]
        for answer in shown:
            assert answer.status_code == 200, answer.url
            for secret in SECRETS:
                assert secret not in answer.text, (answer.url, secret, answer.text)
            assert CVC.search(answer.text) is None, (answer.url, answer.text)
        text = http.get(info).text
        assert "tok_***" in text
        assert "foreign.hold" in text

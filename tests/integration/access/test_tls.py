"""`rediss://` in every process: what is right works, and what is wrong is one line that says so."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.processes.ports import free_port
from local.servers.tls import TlsServer
from producer import AsyncCardCommands, CardCommands
from producer.redis import RedisConfig
from producer.redis.probe import probe
from sandbox.control.client import SandboxControl
from sandbox.http.server import SandboxThread
from tests.integration.access import processes
from tests.unit.redis.scripted import ScriptedServer

pytestmark = [pytest.mark.integration, pytest.mark.extended]

CUSTOMER = "cus_Tls1"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    """A server that takes anybody who verifies it."""
    config, folder = {"requirepass": "right"}, tmp_path_factory.mktemp("tls")
    with TlsServer(folder, config=config, password="right") as server:
        yield server


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    """A server that demands a certificate of its clients."""
    with TlsServer(tmp_path_factory.mktemp("strict"), client_certificates=True) as server:
        yield server


def authorities(server: TlsServer) -> dict[str, str]:
    """The setting that lets a client verify the server."""
    return {"REDIS_URL": server.url, "CARDS_REDIS_CA": str(server.certificates.ca.certificate)}


def faulty(server: TlsServer, strict: TlsServer) -> dict[str, tuple[dict[str, str], str]]:
    """Settings that are wrong, and the beginning of what is to be said of them."""
    right, demanded, made = authorities(server), authorities(strict), strict.certificates
    port = server.url.rpartition(":")[2]
    wrong_ca = str(server.certificates.wrong_ca.certificate)
    other = {
        "CARDS_REDIS_CERT": str(made.wrong_ca.certificate),
        "CARDS_REDIS_KEY": str(made.wrong_ca.key),
    }
    return {
        "no CA": ({"REDIS_URL": server.url}, "CARDS_REDIS_CA is not set"),
        "wrong CA": ({**right, "CARDS_REDIS_CA": wrong_ca}, "CARDS_REDIS_CA names a CA"),
        "wrong CA in the URL": (
            {"REDIS_URL": f"{server.url}?ssl_ca_certs={wrong_ca}"},
            "CARDS_REDIS_CA names a CA",
        ),
        "wrong name": (
            {**right, "REDIS_URL": f"rediss://:right@127.1:{port}"},
            "CARDS_REDIS_SERVER_NAME must be a name",
        ),
        "wrong name set": (
            {**right, "CARDS_REDIS_SERVER_NAME": "other.test"},
            "CARDS_REDIS_SERVER_NAME must be a name",
        ),
        "no certificate": (demanded, "CARDS_REDIS_CERT is not set"),
        "wrong certificate": ({**demanded, **other}, "CARDS_REDIS_CERT names a certificate"),
        "wrong password": (
            {**right, "REDIS_URL": server.url.replace(":right@", ":wrong@")},
            "REDIS_URL holds a user or password",
        ),
        "no password": (
            {**right, "REDIS_URL": server.url.replace(":right@", "")},
            "REDIS_URL holds no password",
        ),
    }


@pytest.mark.parametrize(
    "fault",
    [
        "no CA",
        "wrong CA",
        "wrong CA in the URL",
        "wrong name",
        "wrong name set",
        "no certificate",
        "wrong certificate",
        "wrong password",
        "no password",
    ],
)
def test_each_process_says_what_is_wrong_and_ends(
    fault: str, server: TlsServer, strict: TlsServer, tmp_path: Path
) -> None:
    """Web, worker, Flower and the command line end with one line that names the setting."""
    settings, expected = faulty(server, strict)[fault]
    with ExitStack() as stack:
        for process, code, prefix in (
            (processes.web(tmp_path, settings), 2, ""),
            (processes.worker(tmp_path, settings), 1, "worker: "),
            (processes.flower(tmp_path, free_port(), settings), 1, "flower: "),
            (processes.cards(tmp_path, settings, "status", "an-id"), 1, "cards: "),
        ):
            stack.enter_context(process)
            assert process.ended() == code, (process.name, process.output)
            lines = process.output.splitlines()
            assert len(lines) == 1, (process.name, process.output)
            assert lines[0].startswith(prefix + expected), (process.name, lines)
            assert "right@" not in lines[0]
            assert "wrong@" not in lines[0]


def test_a_redis_out_of_reach_is_waited_for(tmp_path: Path) -> None:
    """What may pass by itself ends no process: web listens, and the worker keeps trying."""
    settings = {"REDIS_URL": f"rediss://127.0.0.1:{free_port()}"}
    with (
        processes.web(tmp_path, settings) as web,
        processes.worker(tmp_path, settings) as worker,
        processes.cards(tmp_path, settings, "doctor") as cards,
    ):
        web.until_says("listening on")
        worker.until_says("Cannot connect")
        assert cards.ended() == 3
        for process in (web, worker, cards):
            assert "Traceback" not in process.output


@pytest.mark.parametrize(
    "how", ["client certificate", "another name", "CA in the URL", "unverified"]
)
def test_every_process_works_over_tls(how: str, strict: TlsServer, tmp_path: Path) -> None:
    """A command goes from each kind of sender to its end, and Flower sees the worker."""
    certificates = strict.certificates
    settings = {
        **authorities(strict),
        "CARDS_REDIS_CERT": str(certificates.client.certificate),
        "CARDS_REDIS_KEY": str(certificates.client.key),
    }
    match how:
        case "another name":
            settings["REDIS_URL"] = f"rediss://127.1:{strict.url.rpartition(':')[2]}"
            settings["CARDS_REDIS_SERVER_NAME"] = "redis.test"
        case "CA in the URL":
            settings["REDIS_URL"] = (
                f"{strict.url}?ssl_ca_certs={settings.pop('CARDS_REDIS_CA')}"
                f"&ssl_certfile={settings.pop('CARDS_REDIS_CERT')}"
                f"&ssl_keyfile={settings.pop('CARDS_REDIS_KEY')}"
            )
        case "unverified":
            del settings["CARDS_REDIS_CA"]
            settings["REDIS_URL"] += "?ssl_cert_reqs=none"
    port, flower_port = free_port(), free_port()
    sandbox = SandboxThread()
    sandbox.start()
    stripe = SandboxControl(sandbox.url)
    stripe.configure(auto_create=True)
    with (
        processes.web(tmp_path, {**settings, "PORT": str(port)}) as web,
        processes.worker(tmp_path, {**settings, "STRIPE_API_BASE": sandbox.url}) as worker,
        processes.flower(tmp_path, flower_port, settings) as flower,
        CardCommands.from_env(settings) as client,
    ):
        web.until_says("listening on")
        worker.until_says(" ready.")
        sent = client.set_default(customer=CUSTOMER, card="card_Tls1n2")
        assert sent.wait(30).status, worker.output
        answer = httpx.post(
            f"http://127.0.0.1:{port}/api/cards/default",
            json={"userId": CUSTOMER, "default_source": "card_Tls1n1"},
            timeout=30,
        )
        assert answer.json()["status"], answer.text
        with processes.cards(
            tmp_path, settings, "send", "set-default", CUSTOMER, "card_Tls1n2"
        ) as it:
            assert it.ended() == 0, it.output
        if how == "client certificate":  # Celery's own transport knows the other settings not
            with processes.plain_celery(tmp_path, settings) as plain:
                assert plain.ended() == 0, plain.output
                assert " True " in plain.output

        def seen() -> Any:
            told = httpx.get(f"http://127.0.0.1:{flower_port}/api/workers?refresh=1", timeout=30)
            return told.status_code == 200 and told.json()

        flower.until(seen, "Flower does not see the worker")
        for process in (web, worker, flower):
            assert "Traceback" not in process.output, process.output
    sandbox.stop()


async def test_the_async_client_works_over_tls(server: TlsServer) -> None:
    """The asyncio client sends and reads, with the name that the settings give."""
    settings = {
        **authorities(server),
        "REDIS_URL": f"rediss://:right@127.1:{server.url.rpartition(':')[2]}",
        "CARDS_REDIS_SERVER_NAME": "redis.test",
    }
    async with AsyncCardCommands.from_env(settings) as client:
        sent = await client.set_default(customer="cus_Tls2", card="card_1")
        assert (await sent.status()).id == sent.id


def sentinel_of(server: TlsServer, name: str) -> ScriptedServer:
    """A sentinel that speaks TLS and knows one primary."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    identity = server.certificates.server
    context.load_cert_chain(identity.certificate, identity.key)
    known = {
        "name": name,
        "ip": "127.0.0.1",
        "port": str(server.port),
        "flags": "master",
        "num-other-sentinels": "0",
        "num-slaves": "0",
        "quorum": "1",
    }
    return ScriptedServer(lambda command: [known], context)


async def test_sentinels_are_asked_over_tls(server: TlsServer) -> None:
    """`sentinels://` verifies sentinels and servers alike, and a wrong CA is told as one."""
    with sentinel_of(server, "cards") as sentinel:
        settings = {
            **authorities(server),
            "REDIS_URL": f"sentinels://:right@127.0.0.1:{sentinel.port}/cards",
        }
        probe(RedisConfig.from_environ(settings))
        with CardCommands.from_env(settings) as client:
            sent = client.set_default(customer="cus_Tls3", card="card_1")
        async with AsyncCardCommands.from_env(settings) as other:
            assert (await other.status(sent.id)).id == sent.id
        assert sentinel.asked_for("SENTINEL")
        settings["CARDS_REDIS_CA"] = str(server.certificates.wrong_ca.certificate)
        with pytest.raises(ValueError, match=r"^CARDS_REDIS_CA names a CA"):
            probe(RedisConfig.from_environ(settings))

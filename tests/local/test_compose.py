"""docker-compose.yml keeps what the guarantees depend on."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.local.running import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("web", "worker", "flower")


def test_redis_loses_and_evicts_nothing() -> None:
    """Redis writes each change to disk before it answers, never evicts, and keeps its volume."""
    command = SERVICES["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--appendfsync"] == "always"
    assert options["--maxmemory-policy"] == "noeviction"
    assert SERVICES["redis"]["volumes"] == ["redis-data:/data"]
    assert "redis-data" in COMPOSE["volumes"]
    assert "ports" not in SERVICES["redis"]


def test_uploads_are_kept() -> None:
    """Web's file system is read-only, except for the volume with the migrations."""
    folder = SERVICES["web"]["environment"]["CARDS_MIGRATIONS_DIR"]
    assert SERVICES["web"]["volumes"] == [f"migrations:{folder}"]
    assert "migrations" in COMPOSE["volumes"]
    assert f"install -d -o cards -m 700 {folder}" in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_checked_and_restarted(name: str) -> None:
    """Each service has a health check and is restarted when it ends."""
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["healthcheck"]["test"][0] in {"CMD", "CMD-SHELL"}


def test_only_the_worker_is_given_the_stripe_key() -> None:
    """Neither web nor flower sees STRIPE_API_KEY, as a variable or from an env file."""
    holders = [
        name for name in SERVICES if "STRIPE_API_KEY" in SERVICES[name].get("environment", {})
    ]
    assert holders == ["worker"]
    assert not any("env_file" in service for service in SERVICES.values())


def test_only_the_worker_is_given_the_proxy() -> None:
    """Only the worker contacts an outside host, and a proxy's URL may contain a password."""
    for setting in ("HTTPS_PROXY", "NO_PROXY"):
        holders = [name for name in SERVICES if setting in SERVICES[name].get("environment", {})]
        assert holders == ["worker"]
        assert SERVICES["worker"]["environment"][setting] is None


def test_web_and_worker_are_given_the_signing_keys() -> None:
    """Web and worker get them from the environment, if they are set; Flower does not."""
    for name in ("CARDS_SIGNING_KEYS", "CARDS_REQUIRE_SIGNATURES", "CARDS_SIGNATURE_MAX_AGE"):
        holders = {one for one in OURS if name in SERVICES[one]["environment"]}
        assert holders == {"web", "worker"}
        assert {SERVICES[one]["environment"][name] for one in holders} == {None}


def test_secrets_have_no_default() -> None:
    """Compose refuses to start without tokens, Stripe key and Flower's password."""
    secrets = {"CARDS_API_TOKENS": "web", "STRIPE_API_KEY": "worker", "FLOWER_BASIC_AUTH": "flower"}
    for name, service in secrets.items():
        assert re.match(rf"\$\{{{name}:\?", SERVICES[service]["environment"][name])


def test_only_web_is_given_the_secrets_of_events() -> None:
    """Only web accepts Stripe's events; without secrets it accepts none."""
    name = "CARDS_STRIPE_WEBHOOK_SECRETS"
    assert {one for one in OURS if name in SERVICES[one]["environment"]} == {"web"}
    assert SERVICES["web"]["environment"][name] is None


def test_every_process_of_the_procfile_is_there() -> None:
    """Compose runs the commands of the Procfile, except for flower's address."""
    for line in (ROOT / "Procfile").read_text().splitlines():
        name, _, command = line.partition(": ")
        plain = command.replace("--address=127.0.0.1", "--address=0.0.0.0")
        assert " ".join(SERVICES[name]["command"]) == plain


@pytest.mark.parametrize("name", OURS)
def test_ours_run_with_few_rights(name: str) -> None:
    """Our processes run on a read-only file system without capabilities, once Redis is healthy."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["depends_on"]["redis"]["condition"] == "service_healthy"


def test_the_image_runs_as_a_user_and_installs_only_pinned_packages() -> None:
    """The image installs with hashes and does not run as root."""
    dockerfile = (ROOT / "Dockerfile").read_text()
    installs = re.findall(r"pip install (.*?)(?: \\)?$", dockerfile, re.MULTILINE)
    assert installs
    assert all("--require-hashes" in each or "--no-index" in each for each in installs)
    assert re.search(r"^USER cards$", dockerfile, re.MULTILINE)

"""The environment determines what `make up` starts and which process gets which secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.processes.ports import free_port
from local.running.plan import WrongSettingError, make_plan
from local.up import summary

VALKEY = Path("valkey")


def environ(**settings: str) -> dict[str, str]:
    return {"PATH": "/bin", "PORT": str(free_port()), **settings}


def test_nothing_set_starts_everything() -> None:
    """Without REDIS_URL and STRIPE_API_KEY, a Valkey and the sandbox are started too."""
    plan = make_plan(environ(), VALKEY, 3)
    assert set(plan.programs) == {"valkey", "sandbox", "worker", "web", "flower"}
    assert plan.programs["worker"].env["STRIPE_API_BASE"] == plan.addresses["sandbox"]
    for name in ("worker", "web", "flower"):
        assert plan.programs[name].env["REDIS_URL"] == plan.addresses["redis"]


def test_external_services_are_used_if_set() -> None:
    """With REDIS_URL and STRIPE_API_KEY set, neither Valkey nor the sandbox is started."""
    plan = make_plan(
        environ(REDIS_URL="redis://redis.test/3", STRIPE_API_KEY="sk_test_1"), VALKEY, 3
    )
    assert set(plan.programs) == {"worker", "web", "flower"}
    assert plan.programs["web"].env["REDIS_URL"] == "redis://redis.test/3"
    assert plan.programs["worker"].env["STRIPE_API_KEY"] == "sk_test_1"
    assert "STRIPE_API_BASE" not in plan.programs["worker"].env


@pytest.mark.parametrize("settings", [{}, {"STRIPE_API_KEY": "sk_test_1"}])
def test_only_the_worker_is_given_the_stripe_key(settings: dict[str, str]) -> None:
    """No process but the worker sees STRIPE_API_KEY or STRIPE_API_BASE."""
    plan = make_plan(environ(**settings), VALKEY, 3)
    holders = {name for name, program in plan.programs.items() if "STRIPE_API_KEY" in program.env}
    bases = {name for name, program in plan.programs.items() if "STRIPE_API_BASE" in program.env}
    assert holders == {"worker"}
    assert bases <= {"worker"}


def test_only_web_is_given_the_api_tokens() -> None:
    """No process but web sees CARDS_API_TOKENS, or the path of the file with them."""
    for setting in ("CARDS_API_TOKENS", "CARDS_API_TOKENS_FILE"):
        plan = make_plan(environ(**{setting: "secret-token"}), VALKEY, 3)
        holders = [name for name, program in plan.programs.items() if setting in program.env]
        assert (holders, plan.tokens_set) == (["web"], True)


def test_web_and_worker_are_given_the_signing_keys() -> None:
    """Flower, the sandbox and Valkey neither sign nor verify."""
    plan = make_plan(environ(CARDS_SIGNING_KEYS="k" * 32), VALKEY, 3)
    holders = {name for name, one in plan.programs.items() if "CARDS_SIGNING_KEYS" in one.env}
    assert holders == {"web", "worker"}


def test_no_secret_is_printed() -> None:
    """Neither the output nor a program's repr contains a password, a token or a key."""
    plan = make_plan(
        environ(
            REDIS_URL="rediss://user:hush@redis.test:6380/0",
            STRIPE_API_KEY="sk_test_hush",
            CARDS_API_TOKENS="hush",
        ),
        VALKEY,
        3,
    )
    printed = summary(plan, VALKEY) + repr(list(plan.programs.values())) + str(plan.addresses)
    assert "rediss://redis.test:6380/0" in printed
    assert "hush" not in printed


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"PORT": "http"}, "PORT"),
        ({"PORT": "70000"}, "PORT"),
        ({"CARDS_FLOWER_PORT": "-1"}, "CARDS_FLOWER_PORT"),
        ({"PORT": "25551", "CARDS_REDIS_PORT": "25551"}, "CARDS_REDIS_PORT"),
        ({"HOST": "256.0.0.1"}, "HOST"),
        ({"STRIPE_API_BASE": "http://127.0.0.1:1"}, "STRIPE_API_BASE"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line(settings: dict[str, str], named: str) -> None:
    """A wrong setting is refused with one line that names it."""
    with pytest.raises(WrongSettingError) as refusal:
        make_plan(environ(**settings), VALKEY, 3)
    assert named in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_ports_are_used_as_set() -> None:
    """PORT, CARDS_REDIS_PORT, CARDS_SANDBOX_PORT and CARDS_FLOWER_PORT are used unchanged."""
    names = ("PORT", "CARDS_REDIS_PORT", "CARDS_SANDBOX_PORT", "CARDS_FLOWER_PORT")
    ports: set[int] = set()
    while len(ports) < len(names):
        ports.add(free_port())
    wanted = dict(zip(names, ports, strict=True))
    plan = make_plan({name: str(port) for name, port in wanted.items()}, VALKEY, 3)
    got = (plan.port, plan.redis_port, plan.sandbox_port, plan.flower_port)
    assert got == tuple(wanted.values())

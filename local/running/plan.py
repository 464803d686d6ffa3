"""From the environment to a plan for `make up`: programs, ports, and each process's secrets."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from local.processes.ports import free_port, is_free
from local.running.supervisor import Program
from local.servers.valkey import valkey_argv

SANDBOX_KEY = "sk_test_sandbox_of_make_up"
"""Not a secret: the sandbox accepts any key of this form, and Stripe knows no such key."""

# Secrets, each passed only to the processes that need it.
_STRIPE = ("STRIPE_API_KEY", "STRIPE_API_BASE")
_TOKENS = ("CARDS_API_TOKENS", "CARDS_API_TOKENS_FILE")
_SIGNING = ("CARDS_SIGNING_KEYS",)

_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


class WrongSettingError(Exception):
    """A setting is wrong. The message is one line that names it."""


@dataclass(frozen=True)
class Plan:
    """What to run. `redis_port` and `sandbox_port` are None where an external one is used."""

    programs: Mapping[str, Program]
    host: str
    port: int
    flower_port: int
    redis_port: int | None
    redis_url: str
    sandbox_port: int | None
    tokens_set: bool

    @property
    def probe_host(self) -> str:
        return _LOOPBACK.get(self.host, self.host)

    @property
    def web_url(self) -> str:
        host = f"[{self.probe_host}]" if ":" in self.probe_host else self.probe_host
        return f"http://{host}:{self.port}"

    @property
    def addresses(self) -> dict[str, str]:
        """Addresses by name, without user or password."""
        addresses = {
            "web": self.web_url,
            "docs": f"{self.web_url}/docs",
            "flower": f"http://127.0.0.1:{self.flower_port}",
        }
        if self.sandbox_port:
            addresses["sandbox"] = f"http://127.0.0.1:{self.sandbox_port}"
        return {**addresses, "redis": _without_secret(self.redis_url)}


def data_dir(environ: Mapping[str, str], root: Path) -> Path:
    return Path(environ.get("CARDS_DATA_DIR") or root / ".local")


def make_plan(environ: Mapping[str, str], valkey_dir: Path, lock_fd: int) -> Plan:
    """Choose ports and compose each process's command and environment.

    Raises WrongSettingError, and NoEmbeddedValkeyError if Valkey is needed and missing.
    """
    host = environ.get("HOST") or "127.0.0.1"
    port = _port(environ, "PORT", 8000, host)
    taken = {port}
    flower_port = _other_port(environ, "CARDS_FLOWER_PORT", taken)
    common = {
        name: value
        for name, value in environ.items()
        if name not in (*_STRIPE, *_TOKENS, *_SIGNING)
    } | {"PYTHONUNBUFFERED": "1"}
    python = [sys.executable, "-m"]
    worker = [
        "celery",
        "-A",
        "worker.app",
        "worker",
        "-Q",
        "interactive,bulk",
        "--loglevel",
        "INFO",
    ]
    flower = ["celery", "-A", "worker.flower", "flower"]
    programs: dict[str, Program] = {}

    redis_url, redis_port = environ.get("REDIS_URL", ""), None
    if not redis_url:
        redis_port = _other_port(environ, "CARDS_REDIS_PORT", taken)
        redis_url = f"redis://127.0.0.1:{redis_port}/0"
        programs["valkey"] = Program(
            name="valkey",
            argv=valkey_argv(valkey_dir, redis_port),
            env=common,
            stop_stage=2,
            stop_seconds=2.0,
            keep_open=(lock_fd,),
        )
    common["REDIS_URL"] = redis_url

    stripe = {name: environ[name] for name in _STRIPE if environ.get(name)}
    sandbox_port = None
    if "STRIPE_API_KEY" not in stripe:
        if "STRIPE_API_BASE" in stripe:
            raise WrongSettingError("STRIPE_API_BASE is set without STRIPE_API_KEY")
        sandbox_port = _other_port(environ, "CARDS_SANDBOX_PORT", taken)
        stripe = {
            "STRIPE_API_KEY": SANDBOX_KEY,
            "STRIPE_API_BASE": f"http://127.0.0.1:{sandbox_port}",
        }
        programs["sandbox"] = Program(
            name="sandbox",
            argv=[*python, "sandbox", "--port", str(sandbox_port)],
            env=common,
            stop_stage=1,
            stop_seconds=1.0,
        )

    signing = {name: environ[name] for name in _SIGNING if environ.get(name)}
    tokens = {name: environ[name] for name in _TOKENS if environ.get(name)}
    programs["worker"] = Program(
        name="worker",
        argv=[*python, *worker],
        env={**common, **stripe, **signing},
    )
    programs["web"] = Program(
        name="web",
        argv=[*python, "producer.http"],
        env={**common, **tokens, **signing, "HOST": host, "PORT": str(port)},
    )
    programs["flower"] = Program(
        name="flower",
        # Not `-A worker.app`, whose settings require the Stripe key, which Flower must not have.
        argv=[*python, *flower, "--address=127.0.0.1", f"--port={flower_port}"],
        env=common,
        stop_seconds=2.0,
    )
    return Plan(
        programs=programs,
        host=host,
        port=port,
        flower_port=flower_port,
        redis_port=redis_port,
        redis_url=redis_url,
        sandbox_port=sandbox_port,
        tokens_set=bool(tokens),
    )


def _port(environ: Mapping[str, str], name: str, default: int, host: str) -> int:
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65_535):
        raise WrongSettingError(f"{name} must be a number from 1 to 65535, not {text!r}")
    port = int(text)
    try:
        free = is_free(port, host)
    except OSError:
        raise WrongSettingError(f"HOST {host!r} is not an address of this machine") from None
    if not free:
        raise WrongSettingError(
            f"{name} {port} is in use on {host}: choose another, e.g. {name}={port + 1} make up"
        )
    return port


def _other_port(environ: Mapping[str, str], name: str, taken: set[int]) -> int:
    if environ.get(name):
        port = _port(environ, name, 0, "127.0.0.1")
        if port in taken:
            raise WrongSettingError(f"{name} {port} is the port of another process of `make up`")
    else:
        while (port := free_port()) in taken:
            pass
    taken.add(port)
    return port


def _without_secret(url: str) -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{place}{parts.path}"

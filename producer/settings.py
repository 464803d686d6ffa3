"""The settings that all processes share, and those of the web process, from the environment.

Nothing is read at import: a composition root calls `from_environ`, and prints a `SettingsError` as
one line.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from producer.contract.senders import WANTED, is_sender
from producer.contract.stripe_context import StripeContextError, stripe_context
from producer.contract.texts import Language
from producer.observability.log_format import LogFormat
from producer.redis import RedisConfig, RedisConfigError
from producer.redis.probe import probe
from producer.security.api_tokens import ApiToken, ApiTokensError, read_tokens
from producer.security.command_signatures import UNSIGNED, Signing, SigningError
from producer.security.stripe_signatures import (
    NO_WEBHOOK_SECRETS,
    WebhookSecrets,
    WebhookSecretsError,
)

DAY_S = 86_400
DEFAULT_STATUS_TTL_S = 2 * DAY_S
DEFAULT_UPLOAD_LIMIT = 1 << 30  # bytes
MIGRATIONS_DIR = ".cards-migrations"
DOCS_PATHS = frozenset({"/docs", "/openapi.json"})
METRICS_PATHS = frozenset({"/metrics"})
STRIPE_EVENTS = "/stripe/events"
_MIB = 1 << 20
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")


class SettingsError(ValueError):
    """A setting is wrong or missing. The text is one line with its name and no secret values."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name} {reason}")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the client, the CLI, the worker and the web process.

    `sender` names this service; each sender has its own idempotency keys. `status_ttl_s` (seconds)
    is how long an ended command, its result and its idempotency key are kept; `bulk_status_ttl_s`
    is the same for the bulk lane, which has more commands.
    """

    redis: RedisConfig = field(repr=False)
    language: Language = "es"
    status_ttl_s: int = DEFAULT_STATUS_TTL_S
    bulk_status_ttl_s: int = DAY_S
    sender: str = ""
    log_format: LogFormat = "text"
    signing: Signing = UNSIGNED

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings of Redis, the language, the sender, the log, signing and TTLs.

        Raises:
            SettingsError: a setting is wrong, or REDIS_URL is missing.
        """
        return cls(
            redis=redis_config(environ),
            language=language_config(environ),
            # The contract keeps an idempotency key for at least a day.
            status_ttl_s=whole_number(
                environ, "CARDS_STATUS_TTL", DEFAULT_STATUS_TTL_S, low=DAY_S, unit="seconds"
            ),
            bulk_status_ttl_s=whole_number(
                environ, "CARDS_BULK_STATUS_TTL", DAY_S, low=DAY_S, unit="seconds"
            ),
            sender=_sender(environ),
            log_format=_log_format(environ),
            signing=signing_config(environ),
        )


@dataclass(frozen=True, slots=True)
class Keeping:
    """How much of a migration's recorded rows Redis keeps for other machines, and how long.

    `most` is in bytes for each migration; 0 keeps nothing. `ms` counts from the migration's end.
    """

    most: int = 256 * _MIB
    ms: int = 90 * DAY_S * 1000

    @property
    def days(self) -> int:
        """`ms` in whole days."""
        return self.ms // (DAY_S * 1000)


KEEPING = Keeping()


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The settings of the web process: the shared ones, its address, its access control.

    `rps`: the limit for each token's name in requests a second, 0 for none. `hosts`: the names
    under which clients reach it. `operations_port`: the port of metrics and the API description,
    if it is not `port`. `closed`: paths that are not served. `webhook_secrets`: the secrets of
    Stripe's events; `stripe_context`: the account of those events that name one. `callbacks`:
    whether a request may name a URL to notify of its end; `callbacks_private`: also at a private
    address. `shutdown_delay_s`: how long it keeps answering after SIGTERM.
    """

    shared: Settings
    host: str = "127.0.0.1"
    port: int = 8000
    tokens: tuple[ApiToken, ...] = ()
    rps: float = 0.0
    hosts: frozenset[str] = frozenset()
    operations_port: int | None = None
    closed: frozenset[str] = frozenset()
    migrations_dir: Path = Path(MIGRATIONS_DIR)
    upload_limit: int = DEFAULT_UPLOAD_LIMIT  # bytes
    shutdown_delay_s: int = 0
    webhook_secrets: WebhookSecrets = NO_WEBHOOK_SECRETS
    stripe_context: str = ""
    callbacks: bool = False
    callbacks_private: bool = False
    keeping: Keeping = KEEPING

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read the shared settings and those of the web process.

        Raises:
            SettingsError: a setting is wrong, or it would listen to the network without tokens.
        """
        host = _text(environ, "HOST") or "127.0.0.1"
        tokens = _tokens(environ)
        if not tokens and not is_loopback(host):
            raise SettingsError(
                "HOST", f"{host!r} is not loopback: set CARDS_API_TOKENS to listen there"
            )
        port = whole_number(environ, "PORT", 8000, low=1, high=65_535)
        webhook_secrets = _webhook_secrets(environ)
        return cls(
            shared=Settings.from_environ(environ),
            host=host,
            port=port,
            tokens=tokens,
            rps=number(environ, "CARDS_API_RPS", 0.0, unit="requests a second"),
            hosts=_hosts(environ),
            operations_port=_operations_port(environ, port),
            closed=_closed(environ, "CARDS_DOCS", DOCS_PATHS)
            | _closed(environ, "CARDS_METRICS", METRICS_PATHS)
            | (frozenset() if webhook_secrets.secrets else {STRIPE_EVENTS}),
            migrations_dir=Path(_text(environ, "CARDS_MIGRATIONS_DIR") or MIGRATIONS_DIR),
            upload_limit=whole_number(
                environ, "CARDS_UPLOAD_LIMIT", DEFAULT_UPLOAD_LIMIT, low=1, unit="bytes"
            ),
            shutdown_delay_s=whole_number(
                environ, "CARDS_SHUTDOWN_DELAY", 0, low=0, high=300, unit="seconds"
            ),
            webhook_secrets=webhook_secrets,
            stripe_context=context_of(environ),
            callbacks=yes_or_no(environ, "CARDS_CALLBACKS"),
            callbacks_private=yes_or_no(environ, "CARDS_CALLBACK_ALLOW_PRIVATE"),
            keeping=keeping_config(environ),
        )


def whole_number(
    environ: Mapping[str, str],
    name: str,
    default: int,
    *,
    low: int,
    high: int | None = None,
    unit: str = "",
) -> int:
    """A setting that is a whole number within bounds. Raises SettingsError."""
    text = _text(environ, name)
    if not text:
        return default
    bounds = f"from {low} to {high}" if high is not None else f"of at least {low}"
    wanted = f"must be a whole number {bounds}" + (f" ({unit})" if unit else "")
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise SettingsError(name, f"{wanted}, not {text[:40]!r}")
    number = int(text)
    if number < low or (high is not None and number > high):
        raise SettingsError(name, f"{wanted}, not {number}")
    return number


def number(environ: Mapping[str, str], name: str, default: float, *, unit: str) -> float:
    """A setting that is a number above 0, or 0 for no limit. Raises SettingsError."""
    text = _text(environ, name)
    if not text:
        return default
    wanted = f"must be a number of {unit}, or 0 for no limit, not {text[:40]!r}"
    try:
        found = float(text)
    except ValueError:
        raise SettingsError(name, wanted) from None
    if not 0 <= found <= 1_000_000 or 0 < found < 0.01:
        raise SettingsError(name, wanted)
    return found


def yes_or_no(environ: Mapping[str, str], name: str) -> bool:
    """A setting that is yes or no; no if it is not set. Raises SettingsError."""
    match _text(environ, name).lower():
        case "yes" | "true" | "1" | "on":
            return True
        case "" | "no" | "false" | "0" | "off":
            return False
        case _:
            raise SettingsError(name, "must be yes or no")


def _text(environ: Mapping[str, str], name: str) -> str:
    """The value; an empty one counts as not set, since compose files pass unset ones as empty."""
    return environ.get(name, "").strip()


def redis_config(environ: Mapping[str, str]) -> RedisConfig:
    """Where Redis is and how to connect to it. Raises SettingsError."""
    try:
        return RedisConfig.from_environ(environ)
    except RedisConfigError as error:
        raise SettingsError(error.name, error.reason) from None


def keeping_config(environ: Mapping[str, str]) -> Keeping:
    """How much of migrations' recorded rows Redis keeps, and how long. Raises SettingsError."""
    most = whole_number(
        environ,
        "CARDS_MIGRATION_RESULTS_MB",
        KEEPING.most // _MIB,
        low=0,
        high=65_536,
        unit="MiB",
    )
    days = whole_number(
        environ,
        "CARDS_MIGRATION_RESULTS_DAYS",
        KEEPING.days,
        low=1,
        high=3_650,
        unit="days",
    )
    return Keeping(most * _MIB, days * DAY_S * 1000)


def signing_config(environ: Mapping[str, str]) -> Signing:
    """The signing keys, and whether signatures are required. Raises SettingsError."""
    try:
        return Signing.from_environ(environ)
    except SigningError as error:
        raise SettingsError(error.name, error.reason) from None


def admitted(redis: RedisConfig) -> None:
    """Check, for a second or two, that Redis accepts us. Raises SettingsError if it refuses us.

    An unreachable Redis is no error here: the process waits for it.
    """
    try:
        probe(redis)
    except RedisConfigError as error:
        raise SettingsError(error.name, error.reason) from None


def language_config(environ: Mapping[str, str]) -> Language:
    """The language of messages. Raises SettingsError."""
    match _text(environ, "CARDS_LANGUAGE").lower():
        case "" | "es":
            return "es"
        case "en":
            return "en"
        case other:
            raise SettingsError("CARDS_LANGUAGE", f"must be es or en, not {other[:40]!r}")


def _log_format(environ: Mapping[str, str]) -> LogFormat:
    match _text(environ, "CARDS_LOG_FORMAT").lower():
        case "" | "text":
            return "text"
        case "json":
            return "json"
        case other:
            raise SettingsError("CARDS_LOG_FORMAT", f"must be text or json, not {other[:40]!r}")


def _sender(environ: Mapping[str, str]) -> str:
    name = _text(environ, "CARDS_SENDER")
    if name and not is_sender(name):
        raise SettingsError("CARDS_SENDER", WANTED)
    return name


def _tokens(environ: Mapping[str, str]) -> tuple[ApiToken, ...]:
    try:
        return read_tokens(environ)
    except ApiTokensError as error:
        raise SettingsError(error.name, error.reason) from None


def _webhook_secrets(environ: Mapping[str, str]) -> WebhookSecrets:
    try:
        return WebhookSecrets.from_environ(environ)
    except WebhookSecretsError as error:
        raise SettingsError(error.name, error.reason) from None


def context_of(environ: Mapping[str, str]) -> str:
    """The Stripe account to act on, "" for the API key's own. Raises SettingsError."""
    try:
        return stripe_context(environ)
    except StripeContextError as error:
        raise SettingsError(error.name, error.reason) from None


def _hosts(environ: Mapping[str, str]) -> frozenset[str]:
    text = _text(environ, "CARDS_HOSTS").lower()
    hosts = frozenset(host.strip().strip("[]") for host in text.split(",") if host.strip())
    for host in hosts:
        if _HOST.fullmatch(host) is None and not _is_address(host):
            wanted = "must hold names or addresses without ports, separated by commas"
            raise SettingsError("CARDS_HOSTS", f"{wanted}, not {host[:40]!r}")
    return hosts


def _operations_port(environ: Mapping[str, str], port: int) -> int | None:
    name = "CARDS_OPERATIONS_PORT"
    found = whole_number(environ, name, 0, low=1, high=65_535)
    if found == port:
        raise SettingsError(name, f"must be another port than PORT, {port}")
    return found or None


def _closed(environ: Mapping[str, str], name: str, paths: frozenset[str]) -> frozenset[str]:
    match _text(environ, name).lower():
        case "" | "on":
            return frozenset()
        case "off":
            return paths
        case other:
            raise SettingsError(name, f"must be on or off, not {other[:40]!r}")


def is_loopback(host: str) -> bool:
    """Whether the host is this machine only: localhost, 127.0.0.0/8 or ::1."""
    return host.lower() == "localhost" or (
        _is_address(host) and ipaddress.ip_address(host).is_loopback
    )


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True

"""The settings of a running sandbox (PUT /_sandbox/config)."""

from __future__ import annotations

import math
import random
from dataclasses import asdict, dataclass, field, fields
from typing import Any


class ConfigError(ValueError):
    """A setting that is not valid; the message names it."""


@dataclass(slots=True)
class Latency:
    """Time taken by a call, in milliseconds: fixed, or log-normal by median and p99."""

    kind: str = "fixed"
    ms: float = 0.0
    median_ms: float = 0.0
    p99_ms: float = 0.0
    seed: int = 0
    _random: random.Random = field(init=False, repr=False, compare=False)
    _sigma: float = field(init=False, repr=False, compare=False, default=0.0)

    def __post_init__(self) -> None:
        if self.kind not in ("fixed", "lognormal"):
            raise ConfigError("latency.kind is fixed or lognormal")
        if self.kind == "lognormal":
            if not 0 < self.median_ms <= self.p99_ms:
                raise ConfigError("latency: 0 < median_ms <= p99_ms")
            # 2.3263 is the 99th percentile of the standard normal distribution.
            self._sigma = math.log(self.p99_ms / self.median_ms) / 2.3263
        elif self.ms < 0:
            raise ConfigError("latency.ms is not negative")
        self._random = random.Random(self.seed)

    def seconds(self) -> float:
        if self.kind == "fixed":
            return self.ms / 1000
        return self._random.lognormvariate(math.log(self.median_ms), self._sigma) / 1000


@dataclass(slots=True)
class Config:
    """Settings with their defaults; rates in requests a second, the offset in seconds."""

    latency: Latency | None = None
    rps: float | None = None
    endpoint_rps: float | None = None
    lock_timeout: bool = True
    auto_create: bool = False
    auto_create_cards: int = 2
    clock_offset: float = 0.0
    revoked_keys: list[str] = field(default_factory=list)
    forbidden_keys: list[str] = field(default_factory=list)
    max_payment_methods: int = 500
    keep_requests: bool = True
    keep_effects: bool = True
    idempotency_keys_kept: int | None = None

    def update(self, changes: dict[str, Any]) -> None:
        """Changes the named settings, all or none. Raises ConfigError."""
        known = {each.name for each in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ConfigError(f"{name}: unknown setting")
            _check(name, value)
        if changes.get("latency") is not None:
            try:
                changes = {**changes, "latency": Latency(**changes["latency"])}
            except TypeError as error:
                raise ConfigError(f"latency: {error}") from error
        for name, value in changes.items():
            setattr(self, name, value)

    def shown(self) -> dict[str, Any]:
        """The settings as JSON, with the number of keys instead of the keys."""
        shown = asdict(self)
        if self.latency is not None:
            shown["latency"] = {
                name: value for name, value in asdict(self.latency).items() if name[0] != "_"
            }
        shown["revoked_keys"] = len(self.revoked_keys)
        shown["forbidden_keys"] = len(self.forbidden_keys)
        return shown


def _check(name: str, value: object) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if name in ("rps", "endpoint_rps"):
        good = value is None or (number and float(str(value)) > 0)
    elif name == "latency":
        good = value is None or isinstance(value, dict)
    elif name in ("revoked_keys", "forbidden_keys"):
        good = isinstance(value, list) and all(isinstance(key, str) for key in value)
    elif name == "idempotency_keys_kept":
        good = value is None or (isinstance(value, int) and number and value >= 0)
    elif name == "max_payment_methods":
        good = isinstance(value, int) and number and value >= 0
    elif name == "auto_create_cards":
        good = isinstance(value, int) and number and 0 <= value <= 100
    elif name == "clock_offset":
        good = number
    else:
        good = isinstance(value, bool)
    if not good:
        raise ConfigError(f"{name}: not a valid value")

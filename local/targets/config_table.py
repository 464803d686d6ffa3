"""Writes docs/configuration.md: `make config-table`. A test checks that it is current."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from local.targets.settings_table import SETTINGS as OF_LOCAL
from producer.http.server.client_limits import ClientLimits
from producer.redis import RedisConfig
from producer.security.command_signatures import Signing
from producer.security.standard_webhooks import CallbackSecrets
from producer.security.stripe_signatures import WebhookSecrets
from producer.settings import Settings, SettingsError, WebSettings
from producer.settings_table import SETTINGS as OF_PRODUCER
from producer.settings_table import Setting
from worker.settings import WorkerSettings
from worker.settings_table import SETTINGS as OF_WORKER
from worker.stripe.certificate_authorities import Authorities

PATH = Path(__file__).resolve().parents[2] / "docs/configuration.md"
SETTINGS = (*OF_PRODUCER, *OF_WORKER, *OF_LOCAL)
READERS: Mapping[str, Callable[[Mapping[str, str]], object]] = {
    "RedisConfig": RedisConfig.from_environ,
    "Settings": Settings.from_environ,
    "Signing": Signing.from_environ,
    "ClientLimits": ClientLimits.from_environ,
    "Authorities": Authorities.from_environ,
    "WebhookSecrets": WebhookSecrets.from_environ,
    "CallbackSecrets": CallbackSecrets.from_environ,
    "WebSettings": WebSettings.from_environ,
    "WorkerSettings": WorkerSettings.from_environ,
}
"""Every `from_environ` by its class."""
LEAST = {"REDIS_URL": "redis://127.0.0.1:6379/0", "STRIPE_API_KEY": "sk_test_x"}
"""Settings that the readers require."""

_INTRODUCTION = """\
# Configuration

Every setting is an environment variable; nothing is read from files except those that a setting
names. An empty variable counts as not set. A wrong value ends its process at once, with a line that
names the setting. `make config-table` generates this page from the code, and a test compares them.

*Secret* settings belong only in the processes named. Stripe's key is the worker's alone.

| setting | meaning | values | default | read by |
|---|---|---|---|---|
"""


class Recorder(dict[str, str]):
    """An environment that records which names were read."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__(environ)
        self.asked: set[str] = set()

    def get(self, key: str, default: str = "") -> str:  # type: ignore[override]
        """Like `dict.get`, but a missing name is empty."""
        self.asked.add(key)
        return super().get(key, default)

    def __getitem__(self, key: str) -> str:
        self.asked.add(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        self.asked.add(str(key))
        return super().__contains__(key)


def asked_by(reader: str) -> set[str]:
    """The names that the reader reads."""
    environ = Recorder(LEAST)
    READERS[reader](environ)
    return environ.asked


def values_of(setting: Setting) -> str:
    """The setting's permitted values, as declared or as its reader's error gives them."""
    return setting.values or next(_wanted(setting.name), "")


def _wanted(name: str) -> Iterator[str]:
    for read in READERS.values():
        try:
            read({**LEAST, name: "?"})
        except (SettingsError, ValueError) as refused:
            text = re.sub(r",? not '\?'.*", "", str(refused)).removeprefix(f"{name} ")
            if found := re.fullmatch(r"must (?:be |hold )(?:of |a )?(.*)", text):
                yield found[1]


def text() -> str:
    """The text of the page."""
    return _INTRODUCTION + "".join(f"{_row(setting)}\n" for setting in SETTINGS)


def _row(setting: Setting) -> str:
    cells = (
        f"`{setting.name}`",
        setting.meaning + (" (*secret*)" if setting.secret else ""),
        values_of(setting),
        f"`{setting.default}`" if setting.default else setting.otherwise or "none",
        ", ".join(setting.by),
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PATH.write_text(text(), "utf-8")
    sys.stdout.write(f"wrote {PATH}\n")

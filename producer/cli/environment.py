"""Where the command line finds its settings: the environment, or a running `make up`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from producer.contract.texts import Language

if TYPE_CHECKING:
    from producer.client.blocking import CardCommands
    from producer.journal import BlockingJournal

_RETRIES = 2


def environ() -> dict[str, str]:
    """The environment, plus the REDIS_URL of a running `make up` if it has none."""
    found = dict(os.environ)
    redis_url = addresses().get("redis")
    if not found.get("REDIS_URL", "").strip() and redis_url:
        found["REDIS_URL"] = redis_url
    return found


def addresses() -> dict[str, str]:
    """The addresses that `make up` serves at; empty where none runs in this folder."""
    folder = Path(os.environ.get("CARDS_DATA_DIR") or ".local")
    try:
        found = json.loads((folder / "addresses.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def language() -> Language:
    """The language of refusals, even where other settings are wrong."""
    return "en" if os.environ.get("CARDS_LANGUAGE", "").strip().lower() == "en" else "es"


def reasons_language() -> Language:
    """The language of errors about files: English, or that of a page web has a report made for."""
    return "es" if os.environ.get("CARDS_REASONS_LANGUAGE") == "es" else "en"


@contextmanager
def client() -> Iterator[CardCommands]:
    """A client, closed at the end. Raises SettingsError."""
    from producer.client.blocking import CardCommands

    with CardCommands.from_env(environ()) as cards:
        yield cards


@contextmanager
def journal() -> Iterator[BlockingJournal]:
    """The journal at REDIS_URL, closed at the end. Raises SettingsError."""
    from producer.journal import BlockingJournal
    from producer.settings import redis_config

    connection = BlockingJournal(redis_config(environ()), retries=_RETRIES)
    try:
        yield connection
    finally:
        connection.close()

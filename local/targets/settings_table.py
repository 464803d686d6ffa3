"""The settings of `make up` and of the tests (see `producer.settings_table`)."""

from __future__ import annotations

from producer.settings_table import CARDS, TESTS, UP, Setting

_FREE = "a free one, chosen at each start"

SETTINGS = (
    Setting("CARDS_REDIS_PORT", "Valkey's port", (UP,), otherwise=_FREE, values="a port"),
    Setting("CARDS_SANDBOX_PORT", "the sandbox's port", (UP,), otherwise=_FREE, values="a port"),
    Setting(
        "CARDS_FLOWER_PORT",
        "Flower's port, which `cards doctor` checks",
        (UP, CARDS),
        otherwise=_FREE,
        values="a port",
    ),
    Setting(
        "CARDS_DATA_DIR",
        "the folder of Valkey's data, and of `addresses.json` while everything runs",
        (UP, CARDS),
        ".local",
        values="a folder",
    ),
    Setting("NO_COLOR", "if set, `make up` prints no colours", (UP,), values="anything"),
    Setting(
        "CARDS_TEST_REDIS_SERVER",
        "the server program of the tests, `make up` and `make chaos`",
        (TESTS, UP),
        otherwise="the embedded Valkey",
        values="a program",
    ),
)

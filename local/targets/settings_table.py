"""What the settings of `make up` and of the tests mean (see `producer.settings_table`)."""

from __future__ import annotations

from producer.settings_table import CARDS, TESTS, UP, Setting

_FREE = "a free one, new at each start"

SETTINGS = (
    Setting("CARDS_REDIS_PORT", "Valkey's port", (UP,), otherwise=_FREE, values="a port"),
    Setting("CARDS_SANDBOX_PORT", "the sandbox's port", (UP,), otherwise=_FREE, values="a port"),
    Setting(
        "CARDS_FLOWER_PORT",
        "Flower's port; `cards doctor` asks there",
        (UP, CARDS),
        otherwise=_FREE,
        values="a port",
    ),
    Setting(
        "CARDS_DATA_DIR",
        "where Valkey keeps its data, and `addresses.json` while everything runs",
        (UP, CARDS),
        ".local",
        values="a folder",
    ),
    Setting("NO_COLOR", "set: `make up` prints no colours", (UP,), values="anything"),
    Setting(
        "CARDS_TEST_REDIS_SERVER",
        "the server that tests, `make up` and `make chaos` start",
        (TESTS, UP),
        otherwise="the embedded Valkey",
        values="a program",
    ),
)

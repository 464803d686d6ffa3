"""How a Lua script is assembled."""

from __future__ import annotations

from importlib.resources import files

import pytest
import redis

from producer.journal.redis.scripts import script, sources

SHARED = {"migration_rows", "common", "superseding", "rate_limit", "grants"}
NAMES = sorted(sources().keys() - SHARED)


@pytest.mark.parametrize("name", NAMES)
def test_a_script_has_all_it_uses(name: str, redis_url: str) -> None:
    """Redis accepts each script, and every name in it is defined."""
    text = script(name).text
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        assert client.script_load(text) == script(name).sha
    undefined = {"KEY_", "ENDPOINT_"}
    words = {word for word in text.replace("(", " ").split() if word[:4] in undefined}
    assert all(f"local {word.strip(',)')} " in text for word in words)


def test_a_script_has_no_more_than_it_uses() -> None:
    """Each helper costs time whenever a script runs; accepting grants no leases."""
    assert "local function create_row(" in script("accept").text
    assert "local function claim_next_command(" not in script("accept").text
    assert "local function claim_next_command(" in script("claim").text
    assert "local function create_row(" not in script("claim").text


def test_each_script_has_a_name_of_its_own() -> None:
    """Scripts are known by their file names, whatever folder they are in."""
    folder = files("producer.journal") / "lua"
    names = [file.name for room in folder.iterdir() for file in room.iterdir()]
    assert len(set(names)) == len(names) == len(sources())

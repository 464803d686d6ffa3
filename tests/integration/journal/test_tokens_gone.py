"""A single-use token is removed from Redis when its command ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from producer import CardCommands, Lane, State
from tests.integration.ends import NO, YES, Ends

pytestmark = pytest.mark.integration

TOKEN = "tok_1SingleUseMarked"


@pytest.fixture
def ends(redis_url: str) -> Iterator[Ends]:
    helper = Ends(redis_url)
    yield helper
    helper.close()


@pytest.mark.parametrize("lane", Lane)
@pytest.mark.parametrize(
    ("envelope", "state"),
    [(YES, State.SUCCEEDED), (NO, State.REJECTED), (NO, State.CANCELLED)],
    ids=lambda one: getattr(one, "value", None),
)
def test_an_ended_command_leaves_no_token(
    redis_url: str, ends: Ends, envelope: Any, state: State, lane: Lane
) -> None:
    """After any end no key contains the token, and a repeated request is still answered."""
    with CardCommands(redis_url) as cards:
        handle = cards.assign(customer="cus_1", source=TOKEN, idempotency_key="k", lane=lane)
        if state is State.CANCELLED:
            cards.cancel(handle.id)
        else:
            ends.end(handle.id, envelope, state)
        ends.redis.delete(lane.value)  # its message, which a worker fetches
        assert _keys_with(ends.redis, TOKEN) == []
        again = cards.assign(customer="cus_1", source=TOKEN, idempotency_key="k", lane=lane)
        assert (again.id, again.known) == (handle.id, True)
        assert handle.status().state is state


def test_a_failed_command_keeps_its_token_until_it_is_replayed(redis_url: str, ends: Ends) -> None:
    """A replay needs the token; the end that follows removes it."""
    with CardCommands(redis_url) as cards:
        handle = cards.assign(customer="cus_1", source=TOKEN)
        ends.fail(handle.id)
        ends.redis.delete("interactive")
        assert _keys_with(ends.redis, TOKEN) == [f"cards:command:{handle.id}"]
        cards.replay(handle.id)
        ends.end(handle.id)
        ends.redis.delete("interactive")
        assert _keys_with(ends.redis, TOKEN) == []


def _keys_with(server: redis.Redis, text: str) -> list[str]:
    """Keys whose serialized value holds the text; short strings are stored as they are."""
    kwargs = server.connection_pool.connection_kwargs
    with redis.Redis(host=kwargs["host"], port=kwargs["port"], db=kwargs["db"]) as raw:
        found = [key for key in raw.scan_iter() if text.encode() in (raw.dump(key) or b"")]
    return sorted(key.decode() for key in found)

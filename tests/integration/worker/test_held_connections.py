"""Connections that Kombu keeps open."""

from __future__ import annotations

from typing import Any

import pytest

from producer.redis import RedisConfig
from producer.redis.faults import NotPrimary
from worker.flower.broker import make_app

pytestmark = pytest.mark.integration


def test_a_subscription_at_the_wrong_server_ends_as_an_error(redis_url: str) -> None:
    """A subscription is not silently reconnected: redis-py does not know Kombu's channels."""
    with make_app(RedisConfig.of(redis_url)).connection() as connection:
        channel: Any = connection.channel()
        listening = channel._create_client(asynchronous=True).pubsub()
        listening.connection = channel.async_pool.get_connection()
        listening.psubscribe("news.*")
        assert listening.parse_response()[0] == b"psubscribe"
        channel.redis_primary.suspect(listening.connection._generation)
        with pytest.raises(NotPrimary):
            listening.parse_response()

"""redis-py clients whose connections lead to the primary.

They do not retry: only the caller knows whether a call may be repeated, and for how long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from producer.redis.config import RedisConfig
from producer.redis.connections import (
    AsyncConnection,
    AsyncTlsConnection,
    BlockingConnection,
    BlockingTlsConnection,
)
from producer.redis.faults import FAULTS, Meaning
from producer.redis.primary import Primary, tls_options

CONNECT_TIMEOUT_S = 2.0
# Longer than any script runs, and shorter than a caller waits.
ANSWER_TIMEOUT_S = 3.0
_MOST_CONNECTIONS = 500
# Kombu's consumer cannot handle an error of one call: it waits as for a lost connection.
_BROKER_WAITS = tuple(
    code for code, fault in FAULTS.items() if fault.meaning in (Meaning.REFUSED, Meaning.SETTING)
)


def async_client(config: RedisConfig) -> Any:
    """A client for an asyncio loop that decodes answers; it connects on first use."""
    pool = redis.asyncio.ConnectionPool(
        connection_class=AsyncTlsConnection if config.tls else AsyncConnection,
        retry=AsyncRetry(NoBackoff(), 0),
        max_connections=_MOST_CONNECTIONS,
        decode_responses=True,
        # Bytes that are not UTF-8 come through unchanged, for the reader to find damaged.
        encoding_errors="surrogateescape",
        **_options(config),
    )
    return redis.asyncio.Redis.from_pool(pool)


def blocking_client(config: RedisConfig, *, patience_s: float | None = None) -> Any:
    """A client for threads that decodes answers; it connects on first use.

    `patience_s` is how long it waits to connect and for each answer; by default as other clients.
    """
    options = _options(config)
    if patience_s is not None:
        options |= {"socket_connect_timeout": patience_s, "socket_timeout": patience_s}
    pool = redis.ConnectionPool(
        connection_class=BlockingTlsConnection if config.tls else BlockingConnection,
        retry=Retry(NoBackoff(), 0),
        max_connections=_MOST_CONNECTIONS,
        decode_responses=True,
        # Bytes that are not UTF-8 come through unchanged, for the reader to find damaged.
        encoding_errors="surrogateescape",
        **options,
    )
    return redis.Redis.from_pool(pool)


def broker_pool(
    config: RedisConfig, primary: Primary, disconnected: Callable[[Any], None] | None
) -> Any:
    """The connection pool of a kombu channel; `disconnected` is called with a closed connection.

    All channels share the `primary`.
    """
    return redis.ConnectionPool(
        connection_class=BlockingTlsConnection if config.tls else BlockingConnection,
        max_connections=_MOST_CONNECTIONS,
        disconnected=disconnected,
        waits=_BROKER_WAITS,
        **{**_options(config), "primary": primary},
    )


def _options(config: RedisConfig) -> dict[str, Any]:
    host, port = config.nodes[0]
    return {
        "host": host,
        "port": port,
        "db": config.database,
        "username": config.username,
        "password": config.password,
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_timeout": ANSWER_TIMEOUT_S,
        "socket_keepalive": True,
        "health_check_interval": 15,
        "driver_info": None,  # CLIENT SETINFO would cost two round trips, and need an ACL right
        "primary": Primary(config),
        "server_name": config.server_name,
        **(tls_options(config) if config.tls else {}),
    }

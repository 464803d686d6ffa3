"""The primary, as the connections of one client know it together."""

from __future__ import annotations

from typing import Any

import redis.asyncio
import redis.sentinel
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from producer.redis.config import RedisConfig

_SENTINEL_TIMEOUT_S = 1.0
# How old a connection's last check of the server's role may be when a command is sent.
ROLE_CHECK_S = 1.0


class Primary:
    """Shared by the connections of one client.

    A connection that meets the wrong server, or one that does not answer, raises the generation:
    connections of an older generation reconnect before they are used again.
    """

    def __init__(self, config: RedisConfig) -> None:
        self.generation = 0
        self._config = config
        self._blocking: Any = None
        self._async: Any = None

    def __json__(self) -> str:
        """How kombu serialises it when a worker sends its settings to `inspect` and Flower."""
        return self._config.shown

    @property
    def moves(self) -> bool:
        """Whether sentinels are asked for its address before each connection."""
        return bool(self._config.master)

    def suspect(self, generation: int) -> None:
        """Report that a connection of that generation leads to the wrong server, or to none."""
        if generation == self.generation:
            self.generation += 1

    def locate(self) -> tuple[str, int]:
        """The primary's address, from the sentinels.

        Raises:
            redis.exceptions.ConnectionError: no sentinel knows a primary now.
        """
        if self._blocking is None:
            options = self._options(Retry(NoBackoff(), 0))
            sentinel: Any = redis.sentinel.Sentinel
            self._blocking = sentinel(self._nodes, sentinel_kwargs=options)
        host, port = self._blocking.discover_master(self._config.master)
        return str(host), int(port)

    async def locate_async(self) -> tuple[str, int]:
        """As `locate`."""
        if self._async is None:
            options = self._options(AsyncRetry(NoBackoff(), 0))
            sentinel: Any = redis.asyncio.sentinel.Sentinel
            self._async = sentinel(self._nodes, sentinel_kwargs=options)
        host, port = await self._async.discover_master(self._config.master)
        return str(host), int(port)

    @property
    def _nodes(self) -> list[tuple[str, int]]:
        return list(self._config.nodes)

    def _options(self, retry: Any) -> dict[str, Any]:
        config = self._config
        options = {
            "username": config.sentinel_username,
            "password": config.sentinel_password,
            "socket_timeout": _SENTINEL_TIMEOUT_S,
            "socket_connect_timeout": _SENTINEL_TIMEOUT_S,
            "retry": retry,
        }
        return {**options, **({"ssl": True, **tls_options(config)} if config.tls else {})}


def tls_options(config: RedisConfig) -> dict[str, Any]:
    """The options of redis-py's TLS connections."""
    return {
        "ssl_cert_reqs": "required" if config.verify else "none",
        "ssl_check_hostname": config.verify,
        "ssl_ca_certs": config.ca,
        "ssl_certfile": config.certificate,
        "ssl_keyfile": config.key,
    }

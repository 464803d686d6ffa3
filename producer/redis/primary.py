"""Which server is the primary: what the connections of one client know of it together."""

from __future__ import annotations

from typing import Any

import redis.asyncio
import redis.sentinel
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from producer.redis.config import RedisConfig

_SENTINEL_TIMEOUT_S = 1.0
# How old a connection's knowledge of the server's role may be when a command is sent.
ROLE_CHECK_S = 1.0


class Primary:
    """Shared by the connections of one client.

    A connection that finds itself at the wrong server, or at one that does not answer, raises the
    generation: all connections of an older one are dialled anew before they are used again.
    """

    def __init__(self, config: RedisConfig) -> None:
        self.generation = 0
        self._config = config
        self._blocking: Any = None
        self._async: Any = None

    def __json__(self) -> str:
        """What kombu makes of it where a worker tells its settings to `inspect` and Flower."""
        return self._config.shown

    @property
    def moves(self) -> bool:
        """Whether its address is asked for before each connection."""
        return bool(self._config.master)

    def suspect(self, generation: int) -> None:
        """A connection of that generation leads to the wrong server, or nowhere."""
        if generation == self.generation:
            self.generation += 1

    def locate(self) -> tuple[str, int]:
        """The primary's address, as the sentinels say.

        Raises:
            redis.exceptions.ConnectionError: none of them knows of a primary now.
        """
        if self._blocking is None:
            options = self._options(Retry(NoBackoff(), 0))
            made: Any = redis.sentinel.Sentinel
            self._blocking = made(self._nodes, sentinel_kwargs=options)
        host, port = self._blocking.discover_master(self._config.master)
        return str(host), int(port)

    async def locate_async(self) -> tuple[str, int]:
        """As `locate`."""
        if self._async is None:
            options = self._options(AsyncRetry(NoBackoff(), 0))
            made: Any = redis.asyncio.sentinel.Sentinel
            self._async = made(self._nodes, sentinel_kwargs=options)
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

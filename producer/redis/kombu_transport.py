"""Kombu's Redis transport on connections that lead to the primary: for Celery and for Flower.

Celery's `broker_url` is not used to connect: workers show it to every client that asks, so it must
contain no password. The transport reads where Redis is from a `RedisConfig`.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from kombu.transport import redis

from producer.redis.clients import broker_pool
from producer.redis.config import RedisConfig
from producer.redis.faults import NotPrimary
from producer.redis.primary import Primary, tls_options

_CHECK_EVERY_S = 2.0


class QoS(redis.QoS):
    """Leaves the unacknowledged messages of dead workers to the workers' own recovery."""

    def restore_visible(self, *_: Any, **__: Any) -> None:
        """Restore nothing. Flower would try too, and has no right to."""


class Channel(redis.Channel):
    """A channel whose connections come from a `RedisConfig` in the transport options."""

    QoS: Any = QoS
    redis_config: RedisConfig
    redis_primary: Primary
    connection: Any
    _registered: bool
    _q_for_pri: Callable[[str, int], str]
    _on_connection_disconnect: Any
    _create_client: Any

    from_transport_options = (
        *redis.Channel.from_transport_options,
        "redis_config",
        "redis_primary",
    )

    def _get_pool(self, asynchronous: bool = False) -> Any:
        config = self.redis_config
        self.keyprefix_fanout = self.keyprefix_fanout.format(db=config.database)
        return broker_pool(config, self.redis_primary, self._closed if asynchronous else None)

    def _has_queue(self, queue: str, **_: Any) -> bool:
        # Kombu's client does not add the namespace to EXISTS.
        with self.conn_or_acquire() as client:
            names = [self._q_for_pri(queue, step) for step in self.priority_steps]
            return bool(client.exists(*(self.global_keyprefix + name for name in names)))

    def _closed(self, connection: Any) -> None:
        # Only a registered channel is in the poller (as in kombu's own `_connparams`).
        if self._registered:
            self._on_connection_disconnect(connection)

    def check_primary(self) -> None:
        """Raise NotPrimary if the channel's subscription is at a server that is no longer primary.

        Such a subscription would stay open and receive nothing.
        """
        self._create_client().ping()
        listening = getattr(self.__dict__.get("subclient"), "connection", None)
        if listening is not None and listening.outdated:
            listening.disconnect()
            raise NotPrimary("REPLICA")


class Transport(redis.Transport):
    """Leaves the URL unparsed, since `RedisConfig` parses it."""

    Channel = Channel
    can_parse_url = True
    client: Any
    cycle: Any
    _primary_checked = 0.0

    def drain_events(self, connection: Any, timeout: float | None = None, **options: Any) -> None:
        """Wait for an event, and check every two seconds that the server is still the primary.

        Flower calls this. A worker's event loop does not: there BRPOP meets the replica's refusal.
        """
        deadline = None if timeout is None else monotonic() + timeout
        while True:
            if monotonic() - self._primary_checked >= _CHECK_EVERY_S:
                for channel in list(self.cycle._channels):
                    channel.check_primary()
                self._primary_checked = monotonic()
            left = _CHECK_EVERY_S if deadline is None else deadline - monotonic()
            try:
                super().drain_events(connection, timeout=min(max(left, 0), _CHECK_EVERY_S))
                return
            except TimeoutError:
                if deadline is not None and monotonic() >= deadline:
                    raise

    def as_uri(self, uri: str, include_password: bool = False, mask: str = "**") -> str:
        """The broker's address for logs; with the password, for Flower's queue lengths."""
        config: RedisConfig = self.client.transport_options["redis_config"]
        if not include_password:
            return config.shown
        user_info = urlsplit(config.url).netloc.rpartition("@")[0]
        return _urls(config, f"{user_info}@" if user_info else "")[0]


def broker_options(config: RedisConfig) -> dict[str, Any]:
    """Celery's broker settings that all kinds of processes share."""
    return {
        "broker_url": _urls(config)[0],
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "redis_config": config,
            "redis_primary": Primary(config),
            "global_keyprefix": config.namespace,
            "master_name": config.master,
            # A server that does not answer is dropped within twice this time plus a second.
            "health_check_interval": 3,
        },
    }


def result_options(config: RedisConfig) -> dict[str, Any]:
    """Celery's settings for its own results backend."""
    options: dict[str, Any] = {"global_keyprefix": config.namespace}
    if config.master:
        options |= {"master_name": config.master, "sentinel_kwargs": sentinel_options(config)}
    settings = {
        "result_backend": ";".join(_urls(config)),
        "redis_username": config.username,
        "redis_password": config.password,
        "result_backend_transport_options": options,
    }
    if config.tls:
        settings["redis_backend_use_ssl"] = tls_options_of_celery(config)
    return settings


def _urls(config: RedisConfig, user_info: str = "") -> list[str]:
    """One URL for each node, for Celery and Flower, which do not support `sentinels://`."""
    scheme = "sentinel" if config.master else "rediss" if config.tls else "redis"
    hosts = ((f"[{host}]" if ":" in host else host, port) for host, port in config.nodes)
    return [f"{scheme}://{user_info}{host}:{port}/{config.database}" for host, port in hosts]


def sentinel_options(config: RedisConfig) -> dict[str, Any]:
    """How Celery and Flower connect to sentinels, as `sentinel_kwargs`."""
    options = {"username": config.sentinel_username, "password": config.sentinel_password}
    tls = {"ssl": True, **tls_options_of_celery(config)} if config.tls else {}
    return {name: value for name, value in {**options, **tls}.items() if value is not None}


def tls_options_of_celery(config: RedisConfig) -> dict[str, Any]:
    """TLS options for Celery's `redis_backend_use_ssl` and `broker_use_ssl`."""
    given = {name: value for name, value in tls_options(config).items() if value is not None}
    return {**given, "ssl_cert_reqs": "required" if config.verify else "none"}

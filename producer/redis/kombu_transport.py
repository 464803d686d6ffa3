"""Kombu's Redis transport on connections that lead to the primary: for Celery and for Flower.

Celery's `broker_url` is for show: workers tell it to whoever asks them, and then it must hold no
password. The transport reads where Redis is from a `RedisConfig`.
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

_LOOK_EVERY_S = 2.0


class QoS(redis.QoS):
    """Leaves what dead workers had in hand to the workers."""

    def restore_visible(self, *_: Any, **__: Any) -> None:
        """Give nothing back. Flower would look too, and may not."""


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
        # EXISTS is not among the commands that kombu's client puts the namespace into.
        with self.conn_or_acquire() as client:
            names = [self._q_for_pri(queue, step) for step in self.priority_steps]
            return bool(client.exists(*(self.global_keyprefix + name for name in names)))

    def _closed(self, connection: Any) -> None:
        # Only a channel that was registered is in the poller (kombu's own `_connparams`).
        if self._registered:
            self._on_connection_disconnect(connection)

    def see_primary(self) -> None:
        """Raise NotPrimary where what is listened to is at a server that is no primary any more.

        Such a subscription stays open, and silent.
        """
        self._create_client().ping()
        listening = getattr(self.__dict__.get("subclient"), "connection", None)
        if listening is not None and listening.outdated:
            listening.disconnect()
            raise NotPrimary("REPLICA")


class Transport(redis.Transport):
    """Takes the URL whole, since `RedisConfig` reads it."""

    Channel = Channel
    can_parse_url = True
    client: Any
    cycle: Any
    _seen_primary = 0.0

    def drain_events(self, connection: Any, timeout: float | None = None, **options: Any) -> None:
        """Wait for an event, and look now and then whether the server is still the primary.

        A worker's event loop does not come by here: there BRPOP finds that out. Flower does.
        """
        deadline = None if timeout is None else monotonic() + timeout
        while True:
            if monotonic() - self._seen_primary >= _LOOK_EVERY_S:
                for channel in list(self.cycle._channels):
                    channel.see_primary()
                self._seen_primary = monotonic()
            left = _LOOK_EVERY_S if deadline is None else deadline - monotonic()
            try:
                super().drain_events(connection, timeout=min(max(left, 0), _LOOK_EVERY_S))
                return
            except TimeoutError:
                if deadline is not None and monotonic() >= deadline:
                    raise

    def as_uri(self, uri: str, include_password: bool = False, mask: str = "**") -> str:
        """The broker's address for logs, or, with the password, for Flower's look at queues."""
        config: RedisConfig = self.client.transport_options["redis_config"]
        if not include_password:
            return config.shown
        user_info = urlsplit(config.url).netloc.rpartition("@")[0]
        return _places(config, f"{user_info}@" if user_info else "")[0]


def broker_options(config: RedisConfig) -> dict[str, Any]:
    """Celery's settings of the broker: everything of it but what a kind of process adds."""
    return {
        "broker_url": _places(config)[0],
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "redis_config": config,
            "redis_primary": Primary(config),
            "global_keyprefix": config.namespace,
            "master_name": config.master,
            # A server that answers nothing is given up within twice this and a second.
            "health_check_interval": 3,
        },
    }


def result_options(config: RedisConfig) -> dict[str, Any]:
    """Celery's settings of the results backend, which is Celery's own."""
    options: dict[str, Any] = {"global_keyprefix": config.namespace}
    if config.master:
        options |= {"master_name": config.master, "sentinel_kwargs": sentinel_options(config)}
    found = {
        "result_backend": ";".join(_places(config)),
        "redis_username": config.username,
        "redis_password": config.password,
        "result_backend_transport_options": options,
    }
    if config.tls:
        found["redis_backend_use_ssl"] = tls_options_of_celery(config)
    return found


def _places(config: RedisConfig, user_info: str = "") -> list[str]:
    """URLs as Celery and Flower have them, one for each node; they know no `sentinels://`."""
    scheme = "sentinel" if config.master else "rediss" if config.tls else "redis"
    hosts = ((f"[{host}]" if ":" in host else host, port) for host, port in config.nodes)
    return [f"{scheme}://{user_info}{host}:{port}/{config.database}" for host, port in hosts]


def sentinel_options(config: RedisConfig) -> dict[str, Any]:
    """How Celery and Flower speak to sentinels, as `sentinel_kwargs`."""
    found = {"username": config.sentinel_username, "password": config.sentinel_password}
    tls = {"ssl": True, **tls_options_of_celery(config)} if config.tls else {}
    return {name: value for name, value in {**found, **tls}.items() if value is not None}


def tls_options_of_celery(config: RedisConfig) -> dict[str, Any]:
    """TLS as Celery's `redis_backend_use_ssl` and `broker_use_ssl` have it."""
    given = {name: value for name, value in tls_options(config).items() if value is not None}
    return {**given, "ssl_cert_reqs": "required" if config.verify else "none"}

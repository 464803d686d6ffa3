"""Kombu's Redis transport on connections that lead to the primary: for Celery and for Flower.

Celery's `broker_url` is then REDIS_URL as it stands, `sentinel://` included.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kombu.transport import redis

from producer.redis.clients import broker_pool
from producer.redis.config import RedisConfig
from producer.redis.primary import tls_options


class Channel(redis.Channel):
    """A channel whose connections come from a `RedisConfig` in the transport options."""

    redis_config: RedisConfig
    connection: Any
    _registered: bool
    _q_for_pri: Callable[[str, int], str]
    _on_connection_disconnect: Any

    from_transport_options = (*redis.Channel.from_transport_options, "redis_config")

    def _get_pool(self, asynchronous: bool = False) -> Any:
        config = self.redis_config
        self.keyprefix_fanout = self.keyprefix_fanout.format(db=config.database)
        return broker_pool(config, self._closed if asynchronous else None)

    def _has_queue(self, queue: str, **_: Any) -> bool:
        # EXISTS is not among the commands that kombu's client puts the namespace into.
        with self.conn_or_acquire() as client:
            names = [self._q_for_pri(queue, step) for step in self.priority_steps]
            return bool(client.exists(*(self.global_keyprefix + name for name in names)))

    def _closed(self, connection: Any) -> None:
        # Only a channel that was registered is in the poller (kombu's own `_connparams`).
        if self._registered:
            self._on_connection_disconnect(connection)


class Transport(redis.Transport):
    """Takes the URL whole, since `RedisConfig` reads it."""

    Channel = Channel
    can_parse_url = True

    def as_uri(self, uri: str, include_password: bool = False, mask: str = "**") -> str:
        """The broker's address for logs, or, with the password, for Flower's look at queues."""
        config = RedisConfig.of(uri)
        if not include_password:
            return config.shown
        host, port = config.nodes[0]
        scheme = "sentinel" if config.master else uri.partition("://")[0]
        user_info = uri.partition("://")[2].rpartition("@")[0]
        at = f"{user_info}@" if user_info else ""
        return f"{scheme}://{at}{host}:{port}/{config.database}"


def broker_options(config: RedisConfig) -> dict[str, Any]:
    """Celery's settings of the broker: everything of it but what a kind of process adds."""
    return {
        "broker_url": config.url,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_transport_options": {
            "redis_config": config,
            "global_keyprefix": config.namespace,
            "master_name": config.master,
            # A server that answers nothing is given up within twice this and a second.
            "health_check_interval": 4,
        },
    }


def result_options(config: RedisConfig) -> dict[str, Any]:
    """Celery's settings of the results backend, which is Celery's own."""
    options: dict[str, Any] = {"global_keyprefix": config.namespace}
    url = config.url.partition("?")[0]
    if config.master:
        user_info = url.partition("://")[2].rpartition("@")[0]
        at = f"{user_info}@" if user_info else ""
        places = (f"sentinel://{at}{host}:{port}/{config.database}" for host, port in config.nodes)
        url = ";".join(places)
        options["master_name"] = config.master
    found = {"result_backend": url, "result_backend_transport_options": options}
    if config.tls:
        found["redis_backend_use_ssl"] = tls_options_of_celery(config)
    return found


def tls_options_of_celery(config: RedisConfig) -> dict[str, Any]:
    """TLS as Celery's `redis_backend_use_ssl` and `broker_use_ssl` have it."""
    given = {name: value for name, value in tls_options(config).items() if value is not None}
    return {**given, "ssl_cert_reqs": "required" if config.verify else "none"}

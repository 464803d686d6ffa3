"""Kombu's Redis transport on connections that lead to the primary: for Celery and for Flower.

Celery's `broker_url` is then REDIS_URL as it stands, `sentinel://` included.
"""

from __future__ import annotations

from time import monotonic
from typing import Any

from kombu.transport import redis

from producer.redis.clients import broker_pool
from producer.redis.config import RedisConfig
from producer.redis.faults import NotPrimary
from producer.redis.primary import Primary, tls_options

_LOOK_EVERY_S = 2.0


class Channel(redis.Channel):
    """A channel whose connections come from a `RedisConfig` in the transport options."""

    redis_config: RedisConfig
    redis_primary: Primary
    connection: Any
    _registered: bool
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

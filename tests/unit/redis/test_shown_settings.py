"""The settings that a worker shows to `inspect` and Flower, which anybody may read."""

from __future__ import annotations

import pytest
from celery import Celery
from celery.utils.saferepr import saferepr
from celery.utils.serialization import jsonify
from kombu.utils.json import dumps

from producer.redis import RedisConfig
from worker.celery.config import celery_config
from worker.flower.broker import make_app

URLS = [
    "redis://cards:s3cr3t@127.0.0.1:7000/2",
    "redis://:s3cr3t@[::1]:7000/2",
    "rediss://cards:s3cr3t@127.0.0.1:7000/2",
    "sentinel://cards:s3cr3t@127.0.0.1:7000,127.0.0.1:7001/main/2",
    "sentinels://cards:s3cr3t@127.0.0.1:7000,127.0.0.1:7001/main/2",
]


def config(url: str) -> RedisConfig:
    return RedisConfig.from_environ({"REDIS_URL": url, "CARDS_SENTINEL_PASSWORD": "s3cr3t"})


@pytest.mark.parametrize("url", URLS)
def test_no_password_is_shown(url: str) -> None:
    """`inspect conf` and `stats` work with every kind of URL, and contain no password."""
    app = Celery("cards", set_as_current=False)
    app.conf.update(celery_config(config(url), 50))
    conf = jsonify(app.conf.table(with_defaults=True), unknown_type_filter=saferepr)
    stats = app.connection_for_read().info()
    told = dumps(conf) + dumps(stats)
    assert "s3cr3t" not in told
    assert "127.0.0.1:7000" in told or "[::1]:7000" in told
    assert "s3cr3t" not in app.connection_for_read().as_uri()


@pytest.mark.parametrize("url", URLS)
def test_flower_finds_the_queues(url: str) -> None:
    """Flower connects to the queues itself, and needs the password for that."""
    from flower.utils.broker import Broker

    app = make_app(config(url))
    broker = Broker(
        app.connection().as_uri(include_password=True),
        broker_options=app.conf.broker_transport_options,
        broker_use_ssl=app.conf.broker_use_ssl,
    )
    assert (broker.username or None, broker.password) == (config(url).username, "s3cr3t")
    assert (broker.host, broker.port) == config(url).nodes[0]

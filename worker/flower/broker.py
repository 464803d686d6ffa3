"""The Celery app that gives Flower the broker, and no Stripe key."""

from __future__ import annotations

from celery import Celery

from producer.redis import RedisConfig
from producer.redis.kombu_transport import (
    broker_options,
    result_options,
    sentinel_options,
    tls_options_of_celery,
)
from worker.messages.redaction import MaskingControl


def make_app(redis: RedisConfig) -> Celery:
    """A Celery app that knows the broker, and no task."""
    celery_app = Celery("cards", set_as_current=True, control=MaskingControl)
    broker = broker_options(redis)
    # Flower reads the queues' lengths over a connection that it makes itself.
    broker["broker_transport_options"] |= {
        "priority_steps": [0],
        "sentinel_kwargs": sentinel_options(redis),
    }
    celery_app.conf.update(
        **broker,
        broker_transport="producer.redis.kombu_transport:Transport",
        broker_use_ssl=tls_options_of_celery(redis) if redis.tls else False,
        accept_content=["json"],
        **result_options(redis),
    )
    return celery_app

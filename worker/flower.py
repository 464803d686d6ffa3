"""The Celery app for Flower: `celery -A worker.flower flower`.

Flower needs the broker alone. With the worker's own app it would need, and have, the Stripe key.
"""

from __future__ import annotations

import os
import sys

from celery import Celery

from producer.redis import RedisConfig
from producer.redis.kombu_transport import broker_options, result_options, tls_options_of_celery
from producer.settings import SettingsError, admitted, redis_config


def make_app(redis: RedisConfig) -> Celery:
    """A Celery app that knows where the broker is, and no task."""
    made = Celery("cards", set_as_current=True)
    broker = broker_options(redis)
    # Flower looks at the queues' lengths over a connection of its own making.
    broker["broker_transport_options"]["priority_steps"] = [0]
    made.conf.update(
        **broker,
        broker_transport="producer.redis.kombu_transport:Transport",
        broker_use_ssl=tls_options_of_celery(redis) if redis.tls else False,
        accept_content=["json"],
        **result_options(redis),
    )
    return made


try:
    _redis = redis_config(os.environ)
    admitted(_redis)
    app = make_app(_redis)
except SettingsError as wrong:
    sys.exit(f"flower: {wrong}")

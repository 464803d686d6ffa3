"""Celery's settings. Celery on Redis alone promises little: docs/guarantees.md says what."""

from __future__ import annotations

from typing import Any

from kombu import Exchange, Queue

from producer.contract import Lane
from producer.redis import RedisConfig
from producer.redis.kombu_transport import broker_options, result_options

VISIBILITY_TIMEOUT_S = 120


def celery_queue(name: str) -> Queue:
    """A queue of that name."""
    return Queue(name, Exchange(""), routing_key=name)


def celery_config(redis: RedisConfig, concurrency: int) -> dict[str, Any]:
    """The settings for the worker's Celery app."""
    broker = broker_options(redis)
    return {
        **broker,
        "broker_transport": "worker.celery.transport:Transport",
        **result_options(redis),
        # Journal and envelope are one write of our own; Celery stores nothing besides.
        "task_ignore_result": True,
        # Interactive first; the anonymous exchange needs no bindings in Redis.
        "task_queues": [celery_queue(lane.value) for lane in Lane],
        "task_default_queue": Lane.INTERACTIVE.value,
        "task_default_exchange": "",
        "task_create_missing_queues": False,
        "worker_pool": "worker.celery.asyncio_pool:TaskPool",
        "worker_concurrency": concurrency,
        # A message is given back when its worker dies, and never fetched far ahead of its turn:
        # `worker.celery.prefetch` says of which lane. Twice the slots, one time for each lane.
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "worker_prefetch_multiplier": 2,
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_soft_shutdown_timeout": 20,
        "broker_transport_options": {
            **broker["broker_transport_options"],
            "visibility_timeout": VISIBILITY_TIMEOUT_S,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "unacked_mutex_expire": 30,
            "queue_order_strategy": "worker.celery.prefetch:QueueOrder",
            # Kombu's priorities would ask for four lists a queue, and nothing here has one.
            "priority_steps": [0],
        },
        # JSON alone: a pickled message could run code.
        "accept_content": ["json"],
        "task_serializer": "json",
        "result_serializer": "json",
        # Flower watches the events.
        "worker_send_task_events": True,
        "worker_hijack_root_logger": True,
        "worker_redirect_stdouts": False,
        "enable_utc": True,
    }

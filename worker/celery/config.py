"""Celery's settings. docs/guarantees.md describes what Celery on Redis alone guarantees."""

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
        # The journal stores results itself, in the write that ends a command.
        "task_ignore_result": True,
        # Interactive first; the anonymous exchange needs no bindings in Redis.
        "task_queues": [celery_queue(lane.value) for lane in Lane],
        "task_default_queue": Lane.INTERACTIVE.value,
        "task_default_exchange": "",
        "task_create_missing_queues": False,
        "worker_pool": "worker.celery.asyncio_pool:TaskPool",
        "worker_concurrency": concurrency,
        # A message returns to its queue when its worker dies. Each lane prefetches up to the number
        # of slots, hence the multiplier; `worker.celery.prefetch` decides which lane.
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
            # Kombu's priorities would poll four lists a queue, and no message has a priority.
            "priority_steps": [0],
        },
        # JSON alone: a pickled message could run code.
        "accept_content": ["json"],
        "task_serializer": "json",
        "result_serializer": "json",
        # For Flower.
        "worker_send_task_events": True,
        "worker_hijack_root_logger": True,
        "worker_redirect_stdouts": False,
        "enable_utc": True,
    }

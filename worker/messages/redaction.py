"""What may be shown of tasks, ours or not, wherever a worker or a sender tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celery.app.control import Control

from producer.contract.card_data.masking import masked_data, masked_id

_AS_IT_IS = frozenset({"type", "hostname"})
_IDS = frozenset({"uuid", "root_id", "parent_id", "id"})
# Commands of remote control whose replies hold tasks.
_TASKS = frozenset({"active", "reserved", "scheduled", "revoked", "query_task"})


def shown_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event with what it tells of a task masked; one that tells of a worker stays as it is."""
    if not str(event.get("type", "")).startswith("task-"):
        return dict(event)
    return {name: _shown(name, value) for name, value in event.items()}


class MaskingControl(Control):
    """Remote control whose replies hold no secret of a task: Flower's pages of workers show them.

    Our workers mask what they tell; another worker on the same broker does not.
    """

    def broadcast(self, command: str, *args: Any, **kwargs: Any) -> Any:
        """As Celery's."""
        replies = super().broadcast(command, *args, **kwargs)
        return _deep(replies) if command in _TASKS else replies


def _deep(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _shown(name, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_deep(one) for one in value]
    return masked_id(value) if isinstance(value, str) else value


def _shown(name: str, value: Any) -> Any:
    if name in _AS_IT_IS:
        return value
    if name in _IDS and isinstance(value, str):
        return masked_id(value)
    if name in ("args", "kwargs"):
        return masked_data(value)
    return _deep(value) if isinstance(value, (Mapping, list)) else masked_data(value)

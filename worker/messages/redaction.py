"""Masks secrets in what workers and senders report about tasks, ours or others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from celery.app.control import Control

from producer.contract.card_data.masking import masked_data, masked_id

_UNMASKED = frozenset({"type", "hostname"})
_IDS = frozenset({"uuid", "root_id", "parent_id", "id"})
# Commands of remote control whose replies hold tasks.
_TASKS = frozenset({"active", "reserved", "scheduled", "revoked", "query_task"})


def shown_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """A task event with its content masked; an event about a worker stays unchanged."""
    if not str(event.get("type", "")).startswith("task-"):
        return dict(event)
    return {name: _shown(name, value) for name, value in event.items()}


class MaskingControl(Control):
    """Remote control that masks tasks in replies, which Flower's pages of workers show.

    Our workers mask their replies; other workers on the same broker do not.
    """

    def broadcast(self, command: str, *args: Any, **kwargs: Any) -> Any:
        """As Celery's."""
        replies = super().broadcast(command, *args, **kwargs)
        return _masked_deep(replies) if command in _TASKS else replies


def _masked_deep(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _shown(name, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_masked_deep(one) for one in value]
    return masked_id(value) if isinstance(value, str) else value


def _shown(name: str, value: Any) -> Any:
    if name in _UNMASKED:
        return value
    if name in _IDS and isinstance(value, str):
        return masked_id(value)
    if name in ("args", "kwargs"):
        return masked_data(value)
    return _masked_deep(value) if isinstance(value, (Mapping, list)) else masked_data(value)

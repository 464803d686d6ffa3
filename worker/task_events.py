"""Tells Flower how each command ended, as Celery task events of the command's id.

Celery's own events end with the message that woke a worker; a command may end later, or under
another command's message. An end carries no customer data: the envelope is for the caller.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from celery import Celery

from producer.contract import Envelope, State

log = logging.getLogger(__name__)


class TaskEvents:
    """Sends a task event for every end."""

    def __init__(self, app: Celery | None, hostname: str) -> None:
        """Without an app nothing is sent (tests, quarantine)."""
        self._app = app
        self._hostname = hostname

    async def ended(self, command_id: str, state: State, envelope: Envelope) -> None:
        """Tell that the command has ended. Events may be lost; nothing depends on them."""
        if self._app is not None:
            await asyncio.to_thread(self._send, command_id, *_event(state, envelope))

    def _send(self, command_id: str, event: str, fields: dict[str, Any]) -> None:
        assert self._app is not None
        try:
            with self._app.events.default_dispatcher(hostname=self._hostname) as dispatcher:
                dispatcher.send(event, uuid=command_id, retry=False, **fields)
        except Exception as error:
            log.debug("event of %s not sent: %s", command_id, type(error).__name__)


def _event(state: State, envelope: Envelope) -> tuple[str, dict[str, Any]]:
    told = f"{state}: {envelope.code}: {envelope.message}" if envelope.code else str(state)
    match state:
        case State.SUCCEEDED:
            return "task-succeeded", {"result": told}
        case State.SUPERSEDED | State.CANCELLED:
            return "task-revoked", {"terminated": False, "signum": None, "expired": False}
        case _:
            return "task-failed", {"exception": told, "traceback": ""}

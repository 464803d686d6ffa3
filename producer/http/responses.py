"""Builds the envelopes that the API answers, in the process's language."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from producer.contract import CommandStatus, Envelope, Refusal, State
from producer.contract.messages import Text
from producer.contract.texts import Language

_RETRY_SOON_S, _RETRY_LATER_S, _RETRY_OUTAGE_S = 1, 5, 2


def task_path(command_id: str) -> str:
    """Path of a command's status."""
    return f"/api/tasks/{quote(command_id, safe='')}"


def envelope_response(
    envelope: Envelope, http_status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """Convert the envelope to a response."""
    wire: dict[str, Any] = {
        "status": envelope.status,
        "message": envelope.message,
        "data": envelope.data,
    }
    if envelope.code is not None:
        wire["code"] = envelope.code
    # "replace": JSON can spell a lone surrogate, which UTF-8 cannot encode.
    content = json.dumps(wire, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(content, http_status, dict(headers or {}), "application/json")


class Responses:
    """Answers in one language."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language

    def yes(
        self,
        text: Text,
        data: Any = None,
        *,
        http_status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """A success."""
        return envelope_response(Envelope.yes(text.say(self.language), data), http_status, headers)

    def no(
        self,
        http_status: int,
        code: str,
        text: Text,
        data: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        **values: str,
    ) -> Response:
        """A failure, with a code for programs."""
        message = text.say(self.language, **values)
        return envelope_response(Envelope.no(code, message, data), http_status, headers)

    def refusal(self, refusal: Refusal, headers: Mapping[str, str] | None = None) -> Response:
        """A command that is not accepted."""
        message = refusal.message(self.language)
        return envelope_response(Envelope.no(refusal.code, message), refusal.http_status, headers)

    def unavailable(self, text: Text = Text.UNAVAILABLE) -> Response:
        """Redis cannot be reached, or no worker can."""
        return self.no(503, "unavailable", text, headers={"Retry-After": str(_RETRY_OUTAGE_S)})

    def accepted(self, command_id: str, state: State, headers: Mapping[str, str]) -> Response:
        """The command is in progress; the headers say where to ask for its status."""
        later = state in (State.RETRYING, State.UNKNOWN)
        return self.yes(
            Text.ACCEPTED,
            {"taskId": command_id, "state": state.value},
            http_status=202,
            headers={
                "Location": task_path(command_id),
                "Retry-After": str(_RETRY_LATER_S if later else _RETRY_SOON_S),
                **headers,
            },
        )

    def damaged(self, command_id: str) -> Response:
        """The command's record in the journal cannot be read."""
        return self.no(410, "record_damaged", Text.RECORD_DAMAGED, {"taskId": command_id})

    def ended(self, status: CommandStatus, headers: Mapping[str, str]) -> Response:
        """The command's outcome: its own envelope and HTTP status."""
        headers = {"Content-Location": task_path(status.id), **headers}
        if status.result is None:
            # Somebody deleted the result from the results backend (Celery's `forget()`).
            data = {"taskId": status.id, "state": status.state.value}
            return self.no(410, "result_gone", Text.RESULT_GONE, data, headers=headers)
        return envelope_response(status.result, status.http_status or 200, headers)

"""The status of a command, as `GET /api/tasks/{taskId}` answers it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from producer.contract.commands import CommandKind, Lane
from producer.contract.effective_default import Shadow
from producer.contract.envelope import Envelope
from producer.contract.states import State


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(_rfc3339, when_used="json-unless-none")]


class CommandStatus(BaseModel):
    """A command's status in the journal. Times are RFC 3339 UTC.

    `shadowed_by` is the customer's default that takes precedence over the one this command set, as
    Stripe answered it then; None if there was none, or it is unknown. `metadata` are the tags the
    command was sent with.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    id: str = Field(validation_alias="taskId", serialization_alias="taskId")
    command: CommandKind
    customer: str = Field(validation_alias="userId", serialization_alias="userId")
    lane: Lane
    state: State
    attempts: int = 0
    accepted_at: Moment = Field(validation_alias="acceptedAt", serialization_alias="acceptedAt")
    started_at: Moment | None = Field(
        default=None, validation_alias="startedAt", serialization_alias="startedAt"
    )
    finished_at: Moment | None = Field(
        default=None, validation_alias="finishedAt", serialization_alias="finishedAt"
    )
    next_attempt_at: Moment | None = Field(
        default=None, validation_alias="nextAttemptAt", serialization_alias="nextAttemptAt"
    )
    superseded_by: str | None = Field(
        default=None, validation_alias="supersededBy", serialization_alias="supersededBy"
    )
    result: Envelope | None = None
    # Present only if there is one, unlike the other fields, which are always present.
    shadowed_by: Shadow | None = Field(
        default=None, validation_alias="shadowedBy", serialization_alias="shadowedBy"
    )
    # Likewise.
    metadata: dict[str, str] = Field(default_factory=dict)
    # The HTTP status of the result; not part of the status on the wire.
    http_status: int | None = Field(default=None, exclude=True)

    @property
    def ended(self) -> bool:
        """Whether the command has reached an end state."""
        return self.state.ended

    def wire(self) -> dict[str, Any]:
        """The status as JSON types, with the contract's names."""
        fields = self.model_dump(mode="json", by_alias=True, exclude={"shadowed_by", "metadata"})
        if self.shadowed_by:
            fields["shadowedBy"] = self.shadowed_by.wire()
        if self.metadata:
            fields["metadata"] = dict(self.metadata)
        return fields

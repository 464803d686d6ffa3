"""The answer: `{status, message, data}`, with `code` if the status is false."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_serializer, model_validator


class Envelope(BaseModel):
    """The answer to a command, the same over HTTP and as the Celery result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: bool
    message: str
    data: Any = None
    code: str | None = None

    @model_validator(mode="after")
    def _code_marks_a_no(self) -> Envelope:
        if self.status == (self.code is not None):
            raise ValueError("code is present exactly where status is false")
        return self

    @model_serializer
    def _on_the_wire(self) -> dict[str, Any]:
        wire = {"status": self.status, "message": self.message, "data": self.data}
        return wire if self.code is None else {**wire, "code": self.code}

    @classmethod
    def yes(cls, message: str, data: Any = None) -> Envelope:
        """An answer that something was done."""
        return cls(status=True, message=message, data=data)

    @classmethod
    def no(cls, code: str, message: str, data: Any = None) -> Envelope:
        """An answer that something was not done, with the code a program can act on."""
        return cls(status=False, message=message, data=data, code=code)

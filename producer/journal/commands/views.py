"""The status of a command, read from its row and result."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from producer.contract import CommandStatus, Envelope
from producer.contract.effective_default import shadow_in_answer
from producer.contract.metadata import stored_metadata
from producer.journal.commands.results import envelope_of
from producer.journal.redis.calls import Call, pairs_to_dict

log = logging.getLogger(__name__)

# The errors that a damaged value raises; pydantic's errors are ValueErrors.
_DAMAGE = (KeyError, ValueError, TypeError, OverflowError, OSError, RecursionError)


class RecordDamaged(Exception):
    """The row of that id cannot be read. `what` says why, without its data."""

    def __init__(self, command_id: str, what: str) -> None:
        self.id = command_id
        self.what = what
        super().__init__(f"the record of command {command_id} is damaged: {what}")


def status(command_id: str) -> Call[CommandStatus | None]:
    """The command's status; None for an id that was never accepted or is no longer kept.

    Raises (when run):
        RecordDamaged: its row cannot be read.
    """

    def parse(answer: Any) -> CommandStatus | None:
        found = _status(command_id, *answer[0])
        if isinstance(found, RecordDamaged):
            raise found
        return found

    # Durable: a failover must not take back a status that was reported.
    return Call(parse, "statuses", [command_id], durable=True)


def statuses(
    command_ids: Sequence[str], *, with_results: bool = False
) -> Call[list[CommandStatus | RecordDamaged | None]]:
    """The statuses of several commands, in one round trip; a damaged one does not affect others.

    With `with_results` a damaged result counts as a damaged record.
    """
    return Call(
        lambda answers: [
            _status(command_id, *answer, with_results=with_results)
            for command_id, answer in zip(command_ids, answers, strict=True)
        ],
        "statuses",
        command_ids,
        durable=True,
    )


def _status(
    command_id: str, row: Any, stored: Any, *, with_results: bool = False
) -> CommandStatus | RecordDamaged | None:
    if not row:
        return None
    try:
        if isinstance(row, str):
            raise _DamagedField(f"a {row}, not a hash")
        found = _read(command_id, pairs_to_dict(row), stored)
        if with_results and found.result is None and found.ended and stored is not None:
            raise _DamagedField("its result cannot be read")
        return found
    except _DAMAGE as error:
        damaged = RecordDamaged(command_id, _cause(error))
        log.error("%s", damaged)
        return damaged


def _read(command_id: str, row: dict[str, str], stored: Any) -> CommandStatus:
    "".join(row.values()).encode()  # raises where a value is not valid UTF-8
    ended = "finished" in row and stored is not None
    result = _envelope(command_id, stored) if ended else None
    return CommandStatus.model_validate(
        {
            "id": command_id,
            "command": row["kind"],
            "customer": row["user"],
            "lane": row["lane"],
            "state": row["state"],
            "attempts": _number(row, "tries") or 0,
            "accepted_at": _moment(row, "accepted"),
            "started_at": _moment(row, "started"),
            "finished_at": _moment(row, "finished"),
            "next_attempt_at": _moment(row, "due"),
            "superseded_by": row.get("by"),
            "result": result,
            "shadowed_by": shadow_in_answer(
                row.get("slot", ""), row.get("card", ""), result.model_dump() if result else None
            ),
            "metadata": stored_metadata(row.get("metadata", "")),
            "http_status": _http(row) if ended else None,
        }
    )


def _envelope(command_id: str, stored: Any) -> Envelope | None:
    """The stored result; None where it cannot be read."""
    try:
        envelope = Envelope.model_validate(envelope_of(stored))
        envelope.model_dump_json()  # raises here, rather than when it is answered
    except Exception as error:
        log.error("the result of command %s is damaged: %s", command_id, _cause(error))
        return None
    return envelope


class _DamagedField(ValueError):
    """A field with a wrong value; the message names the field and does not quote the value."""


def _number(row: dict[str, str], name: str) -> int | None:
    text = row.get(name)
    try:
        return int(text) if text else None
    except ValueError:
        raise _DamagedField(f"{name} is no number") from None


def _moment(row: dict[str, str], name: str) -> datetime | None:
    milliseconds = _number(row, name)
    try:
        return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise _DamagedField(f"{name} is no time") from None


def _http(row: dict[str, str]) -> int:
    code = _number(row, "http")
    if code is None or not 200 <= code <= 599:
        raise _DamagedField("http is no status")
    return code


def _cause(error: Exception) -> str:
    """What is wrong, without the data."""
    match error:
        case ValidationError():
            wrong = sorted({".".join(map(str, e["loc"])) or "form" for e in error.errors()})
            return f"wrong {', '.join(wrong)}"
        case KeyError():
            return f"no {error.args[0]}"
        case UnicodeError():
            return "not UTF-8"
        case _DamagedField():
            return str(error)
    return type(error).__name__

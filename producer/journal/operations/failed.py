"""Failed commands: what the operator sees of them, and what a replay needs."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from producer.contract import (
    AssignCard,
    CommandKind,
    Envelope,
    Lane,
    SetDefaultCard,
    State,
    parse_command,
)
from producer.contract.messages import Text
from producer.contract.metadata import stored_metadata
from producer.contract.texts import Language
from producer.journal.commands.signed import row_flaw, terms_of
from producer.journal.commands.views import RecordDamaged
from producer.journal.operations.operations import replay
from producer.journal.redis import keys
from producer.journal.redis.calls import Call, pairs_to_dict, scored
from producer.security.command_signatures import UNSIGNED, Flaw, Signing

log = logging.getLogger(__name__)

_FIELDS = (
    *("state", "kind", "user", "card", "lane", "code", "error", "finished", "tries", "sender"),
    *("slot", "migration", "number", "first", "since", "expected", "signature", "metadata"),
)


@dataclass(frozen=True, slots=True)
class FailedCommand:
    """A failed command, and why it failed."""

    id: str
    order: AssignCard | SetDefaultCard
    lane: Lane
    code: str
    error: str
    failed_at: datetime
    attempts: int
    sender: str = ""
    """The name of the service that sent it; "" without one."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """The tags it was sent with."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A command's row in the journal, in whatever state."""

    id: str
    state: State
    row: dict[str, str]

    def failed(self) -> FailedCommand:
        """The failed command. Call it only in the state `failed`."""
        row = self.row
        return FailedCommand(
            id=self.id,
            order=self._command(),
            lane=Lane(row["lane"]),
            code=row.get("code", ""),
            error=row.get("error", ""),
            failed_at=datetime.fromtimestamp(int(row["finished"]) / 1000, UTC),
            attempts=int(row.get("tries", 0)),
            sender=row.get("sender", ""),
            metadata=stored_metadata(row.get("metadata", "")),
        )

    def flaw(self, signing: Signing) -> Flaw | None:
        """Why the row must not be signed again: the new signature would vouch for all of it.

        Its signature may be of any age, and may be missing unless signatures are required.
        """
        if not signing.on:
            return None
        flaw = row_flaw(signing, self.id, self.row, now_ms=0, max_age_s=None)
        return None if flaw is Flaw.MISSING and not signing.required else flaw

    def replayed(
        self, language: Language, status_ttl_s: int, signing: Signing = UNSIGNED
    ) -> Call[State | None]:
        """The call that replays it, under its own id. Check its `flaw` first."""
        superseded = Envelope.no("superseded", Text.SUPERSEDED.say(language))
        return replay(
            self.id,
            self._command(),
            Lane(self.row["lane"]),
            superseded,
            keep_s=status_ttl_s,
            sender=self.row.get("sender", ""),
            terms=terms_of(self.row),
            signing=signing,
        )

    def _command(self) -> AssignCard | SetDefaultCard:
        kind = CommandKind(self.row["kind"])
        name = "source" if kind is CommandKind.ASSIGN_CARD else "default_source"
        return parse_command(kind, {"userId": self.row["user"], name: self.row["card"]})


def all_failed_ids() -> Call[list[str]]:
    """Ids of all failed commands, the oldest first."""
    return Call(lambda answers: list(answers[0]), commands=[("ZRANGE", keys.FAILED, 0, -1)])


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A failed command's place in the list, which is ordered by the time of failure."""

    failed_ms: int
    id: str


@dataclass(frozen=True, slots=True)
class FailedPlaces:
    """A page of the list, in order, and whether there are more."""

    places: list[Place]
    more: bool


def failed_after(place: Place | None, most: int) -> Call[FailedPlaces]:
    """The failed commands after a place, the oldest first; None is the beginning.

    Up to `most` are read, from the place's own millisecond on: so the page may be empty although
    there are more.
    """

    def parse(answers: Any) -> FailedPlaces:
        found = [Place(int(score), name) for name, score in scored(answers[0])]
        later = [candidate for candidate in found if place is None or candidate > place]
        return FailedPlaces(later, len(found) == most)

    since = place.failed_ms if place else 0
    read = ("ZRANGE", keys.FAILED, since, "+inf", "BYSCORE", "LIMIT", 0, most, "WITHSCORES")
    return Call(parse, commands=[read])


def kept(command_ids: Sequence[str]) -> Call[list[Kept | RecordDamaged | None]]:
    """The commands' rows, in one round trip; None for an unknown one.

    A damaged row is logged and does not affect the others.
    """
    return Call(
        lambda answers: [
            _kept(command_id, row, result)
            for command_id, (row, result) in zip(command_ids, answers, strict=True)
        ],
        "statuses",
        command_ids,
    )


def _kept(command_id: str, answer: Any, result: Any) -> Kept | RecordDamaged | None:
    if not answer:
        return None
    try:
        row = {name: value for name, value in pairs_to_dict(answer).items() if name in _FIELDS}
        if not row.get("error"):  # only a retry writes an error into the row
            row["error"] = _message(result)
        kept = Kept(command_id, State(row["state"]), row)
        if kept.state is State.FAILED:
            kept.failed()
        return kept
    except (KeyError, ValueError, TypeError, OverflowError) as error:
        damaged = RecordDamaged(command_id, type(error).__name__)
        log.error("%s", damaged)
        return damaged


def _message(result: Any) -> str:
    """The envelope's message; "" where it cannot be read."""
    try:
        return str(json.loads(result)["result"]["message"] or "")
    except (KeyError, ValueError, TypeError):
        return ""


def newest_failed_ids(most: int) -> Call[list[str]]:
    """Ids of the commands that failed last, the newest first."""
    return Call(
        lambda answers: list(answers[0]), commands=[("ZREVRANGE", keys.FAILED, 0, most - 1)]
    )


def longest_unsettled_ids(most: int) -> Call[list[str]]:
    """Ids of open commands that were retried, the earliest first."""
    return Call(lambda answers: list(answers[0]), commands=[("ZRANGE", keys.RETRIED, 0, most - 1)])

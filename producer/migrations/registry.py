"""The migrations in the journal, and the actions on them that work from any machine."""

from __future__ import annotations

import builtins
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from producer.contract.texts import Language
from producer.journal import BlockingJournal
from producer.journal.migrations import records as journalled
from producer.journal.migrations.recorded import keep_plan, kept_plan
from producer.journal.migrations.records import Record
from producer.migrations.errors import MigrationError
from producer.migrations.model.rows import RowResult, RowState
from producer.migrations.model.status import MigrationState, MigrationStatus, Sample
from producer.migrations.plan.plan import Plan
from producer.migrations.results.details import Detail
from producer.migrations.results.frames import Recorded, packed
from producer.migrations.results.results_file import Results
from producer.security.command_signatures import UNSIGNED, Signing
from producer.settings import KEEPING, Keeping

# Rows entered or carried over by one script, and ledger bytes read at once: a few ms each.
_ENTER_BATCH, _CARRY_BATCH, _LEDGER_BYTES = 5_000, 2_000, 65_536
_MESSAGE = 200  # characters of a message that the journal keeps


_DONE = {
    "pause": "paused",
    "resume": "resumed",
    "stop": "stopped",
    "cancel": "cancelled",
    "forget": "forgotten",
}


class UnknownMigration(MigrationError):
    """The journal has no migration with that id."""

    code = "migration_not_found"

    def __init__(self, migration: str) -> None:
        self.migration = migration
        super().__init__(f"no migration {migration}: `cards migrate list` shows those there are")


class NotInState(MigrationError):
    """The migration's state does not allow the action."""

    code = "migration_state"

    def __init__(self, migration: str, wanted: str, state: MigrationState) -> None:
        self.migration = migration
        self.wanted = wanted
        self.state = state
        super().__init__(f"{migration} is {state.value}: it cannot be {_DONE[wanted]}")


class Registry:
    """Blocking; threads may share it (from asyncio: `asyncio.to_thread`).

    Every method raises JournalUnavailable while Redis is unreachable, and may be repeated.
    """

    def __init__(
        self,
        journal: BlockingJournal,
        signing: Signing = UNSIGNED,
        keeping: Keeping = KEEPING,
        language: Language = "en",
    ) -> None:
        """`signing` signs rows and customer reads; `keeping` bounds the results kept in Redis.

        `language` is that of messages about single rows.
        """
        self.journal = journal
        self.signing = signing
        self.keeping = keeping
        self.language: Language = language

    def create(
        self,
        plan: Plan,
        *,
        rps: float | None = None,
        about: Mapping[str, Any] | None = None,
        results: Results | None = None,
    ) -> MigrationStatus:
        """Enter a migration with its ledger; of one that exists, return the status.

        `about` is kept with it as JSON: what is needed to read the file again. `rps` is the
        throttle, in rows a second. `results` are those of a lost journal: rows recorded there
        are entered as ended.
        """
        about_json = json.dumps({**(about or {}), "blind": plan.blind}, ensure_ascii=False)
        skips = plan.conditions.skip_if_newer
        name, rows = plan.source.name, plan.rows
        life = results.life if results is not None else ""
        self.journal(
            journalled.create(plan.id, name, rows, about_json, rps, skip_if_newer=skips, life=life)
        )
        not_sent = plan.not_sent()
        while part := [(number, int(state)) for number, state in islice(not_sent, _ENTER_BATCH)]:
            if not self.journal(journalled.enter(plan.id, part)):
                break
        recorded = iter(results or ())
        while batch := list(islice(recorded, _CARRY_BATCH)):
            self._carry(plan.id, batch)
        plan_json = json.dumps(plan.wire(), ensure_ascii=False)
        self.journal(keep_plan(plan.id, plan_json.encode("utf-8", "replace").decode()))
        self.journal(journalled.open_(plan.id, {**plan.codes, **plan.ambiguous, **plan.skipped}))
        return self.status(plan.id)

    def _carry(self, migration: str, results: Sequence[RowResult]) -> None:
        most = self.keeping.most
        frame = packed([Recorded(result) for result in results]) if most else b""
        rows = [_carried(result) for result in results]
        self.journal(journalled.carry(migration, rows, frame, most))

    def plan(self, migration: str) -> dict[str, Any] | None:
        """The migration's plan, as `Plan.wire` has it; None where none was kept."""
        kept = self.journal(kept_plan(migration))
        if kept is None:
            return None
        plan: dict[str, Any] = json.loads(kept)
        return plan

    def list(self) -> list[MigrationStatus]:
        """All migrations, newest first."""
        ids = self.journal(journalled.all_ids())
        return [_status(one) for one in self.journal(journalled.records(ids)) if one is not None]

    def status(self, migration: str) -> MigrationStatus:
        """The migration's status. Raises UnknownMigration."""
        return _status(self.record(migration))

    def find(self, migration: str) -> MigrationStatus | None:
        """As `status`; None where there is no such migration, or its creation was interrupted."""
        (found,) = self.journal(journalled.records([migration]))
        return _status(found) if found is not None and "open" in found.fields else None

    def about(self, migration: str) -> dict[str, Any]:
        """What `create` kept with the migration. Raises UnknownMigration."""
        found: dict[str, Any] = json.loads(self.record(migration).fields["about"])
        return found

    def files(self) -> dict[str, Path]:
        """The path of each migration's file when it was entered, by id."""
        ids = self.journal(journalled.all_ids())
        found = [one for one in self.journal(journalled.records(ids)) if one is not None]
        return {one.id: Path(json.loads(one.fields["about"]).get("path", "")) for one in found}

    def record(self, migration: str) -> Record:
        """The journal's record. Raises UnknownMigration."""
        (found,) = self.journal(journalled.records([migration]))
        if found is None:
            raise UnknownMigration(migration)
        return found

    def pause(self, migration: str) -> MigrationStatus:
        """Stop sending until `resume`. Raises UnknownMigration, NotInState."""
        return self._control(migration, "pause")

    def resume(self, migration: str) -> MigrationStatus:
        """Continue after a pause or a stop. Raises UnknownMigration, NotInState."""
        return self._control(migration, "resume")

    def stop(self, migration: str) -> MigrationStatus:
        """Stop at the limit of failures, for drivers. Raises UnknownMigration, NotInState."""
        return self._control(migration, "stop")

    def cancel(self, migration: str) -> MigrationStatus:
        """Cancel all rows that were not sent. Raises UnknownMigration, NotInState.

        A driver does the work; if none runs, start one without rows (`Driver`, `rows=None`).
        """
        return self._control(migration, "cancel")

    def forget(self, migration: str) -> None:
        """Remove a migration that ended or never started from the journal. Raises NotInState."""
        if state := self.journal(journalled.forget(migration)):
            raise NotInState(migration, "forget", MigrationState(state))

    def forgotten(self, migration: str) -> bool:
        """Whether the migration was forgotten recently."""
        return self.journal(journalled.forgotten(migration))

    def throttle(self, migration: str, rps: float | None) -> MigrationStatus:
        """Send at most `rps` rows a second; None is no limit. Raises UnknownMigration."""
        if not self.journal(journalled.throttle(migration, rps)):
            raise UnknownMigration(migration)
        return self.status(migration)

    def states(self, migration: str) -> Ledger:
        """The ledger as of now. Raises UnknownMigration."""
        rows = int(self.record(migration).fields["rows"])
        size = (rows + 1) // 2
        parts = [
            self.journal(journalled.ledger(migration, start, min(start + _LEDGER_BYTES, size) - 1))
            for start in range(0, size, _LEDGER_BYTES)
        ]
        return Ledger(b"".join(parts), rows)

    def details(self, migration: str) -> dict[int, Detail]:
        """Code and message of rows that were not applied, by number: the first 20,000."""
        found = self.journal(journalled.details(migration))
        return {number: Detail(*detail) for number, detail in found.items()}

    def history(self, migration: str) -> builtins.list[tuple[int, int]]:
        """Rows ended by time (ms since the epoch), for the chart. Raises UnknownMigration."""
        samples = json.loads(self.record(migration).fields.get("history", "[]"))
        return [(int(at), int(ended)) for at, ended in samples]

    def _control(self, migration: str, action: str) -> MigrationStatus:
        state, possible = self.journal(journalled.control(migration, action))
        if not state:
            raise UnknownMigration(migration)
        if not possible:
            raise NotInState(migration, action, MigrationState(state))
        return self.status(migration)


class Ledger:
    """The states of all rows at one moment, half a byte each. Call it with a row's number."""

    def __init__(self, packed: bytes, rows: int) -> None:
        self._packed = packed
        self.rows = rows

    def __call__(self, number: int) -> RowState:
        """The state of a row; numbers start at 1. Raises IndexError past the end."""
        if not 1 <= number <= self.rows:
            raise IndexError(number)
        pair = self._packed[(number - 1) // 2]
        return RowState(pair >> 4 if number % 2 else pair & 15)

    def numbers(self, *states: RowState) -> Iterator[int]:
        """The numbers of the rows in any of the states, in order."""
        wanted = frozenset(int(state) for state in states)
        for place, pair in enumerate(self._packed):
            if pair >> 4 in wanted:
                yield 2 * place + 1
            if pair & 15 in wanted and 2 * place + 2 <= self.rows:
                yield 2 * place + 2


def _carried(result: RowResult) -> tuple[int, int, str, str]:
    as_wanted = result.state in (RowState.APPLIED, RowState.ALREADY_SO)
    code = "" if as_wanted else result.code or result.state.word
    return result.number, int(result.state), code, result.message[:_MESSAGE]


def _status(record: Record) -> MigrationStatus:
    fields = record.fields
    counts = {RowState(state): count for state, count in record.counts.items()}
    rate = float(fields.get("rate", 0)) if record.driver else 0.0
    state = MigrationState(fields["state"])
    left = sum(count for row, count in counts.items() if not row.settled)
    return MigrationStatus(
        id=record.id,
        name=fields["name"],
        state=state,
        rows=int(fields["rows"]),
        counts=counts,
        created_at=_moment(fields["created"]),
        finished_at=_moment(fields["finished"]) if "finished" in fields else None,
        rate=rate,
        eta_s=left / rate if rate > 0 and state is MigrationState.RUNNING else None,
        rps=float(fields["rps"]) if "rps" in fields else None,
        by=str(json.loads(fields["about"]).get("by") or ""),
        driver=record.driver,
        codes=dict(record.codes),
        history=[
            Sample(_moment(at), ended) for at, ended in json.loads(fields.get("history", "[]"))
        ],
    )


def _moment(milliseconds: str | int) -> datetime:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC)

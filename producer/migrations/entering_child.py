"""Takes an uploaded file and enters it as a migration, in a process of its own.

`python -m producer.migrations.entering_child` reads from standard input a job, one line of JSON,
and behind it the file in frames (`frame`); it writes its answer, one JSON object, to standard
output. In a process, because a million rows keep a core busy for a minute or two. REDIS_URL is
read from the environment.
"""

from __future__ import annotations

import io
import json
import os
import signal
import struct
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from producer.contract import CommandKind
from producer.contract.messages import Language
from producer.journal import BlockingJournal, JournalUnavailable
from producer.migrations.columns import Mapping, map_columns
from producer.migrations.conditions import Conditions
from producer.migrations.data_folder import made_private
from producer.migrations.errors import ExtraMissing, FileRefused, JournalLost
from producer.migrations.errors_file import EXPECTED
from producer.migrations.inputs import InputFile
from producer.migrations.lost_journal import lost_here
from producer.migrations.plan import make_plan
from producer.migrations.registry import Registry
from producer.migrations.rows import RowState
from producer.migrations.runs import Run
from producer.migrations.spool import spool_input
from producer.migrations.status import MigrationState, MigrationStatus
from producer.settings import redis_config

_LENGTH = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class Job:
    """What the file means and what is to be done with it; `folder` is the data folder."""

    folder: str
    name: str
    maps: dict[str, str]
    command: str | None = None
    expected: str | None = None
    skip_if_newer: bool = False
    blind: bool = False
    rps: float | None = None
    dry_run: bool = False
    run: bool = False
    go_on: bool = False  # in the journal that there is, where the one of before was lost
    language: Language = "en"  # in which it is said why the file is not taken

    def mapped(self, source: InputFile) -> Mapping:
        """What its columns mean, as for `cards migrate run`. Raises FileRefused."""
        known = self.expected
        if known is None and EXPECTED in source.columns:
            known = EXPECTED
        kind = CommandKind(self.command) if self.command else None
        return map_columns(source, self.maps, command=kind, expected=known)


def answer(job: Job, stream: BinaryIO, registry: Registry) -> dict[str, Any]:
    """The plan and, unless it is a dry run, where the copy lies and whether the migration is new.

    A migration that is not to run yet is paused before anybody drives it. Nothing is left of a
    file that is refused, nor of a dry run.

    Raises:
        FileRefused, ExtraMissing: the file is not taken.
        JournalLost: it was begun in a journal that was lost, and is not to go on in this one.
        JournalUnavailable: Redis is out of reach; the upload may be repeated.
    """
    with ExitStack() as stack:
        folder = Path(job.folder)
        if job.dry_run:
            scratch = tempfile.TemporaryDirectory(prefix="plan-", dir=made_private(folder))
            folder = Path(stack.enter_context(scratch))
        source = spool_input(stream, folder, name=job.name, mapped=job.mapped)
        mapping = job.mapped(source)
        run = Run(source, mapping, Conditions(mapping.expected, job.skip_if_newer), job.blind)
        known = registry.find(run.id)
        loss = None if job.dry_run else lost_here(registry, folder, run.id)
        if loss is not None and not job.go_on:
            raise loss
        try:
            plan = make_plan(source, mapping, run.conditions, blind=job.blind)
        except (FileRefused, ExtraMissing):
            if known is None:
                source.path.unlink(missing_ok=True)
            raise
        stack.enter_context(plan)
        pending = known.counts.get(RowState.PENDING, 0) if known else plan.to_send
        told: dict[str, Any] = {"plan": {**plan.wire(), "wouldSend": pending}, "created": False}
        if job.dry_run:
            return told
        told |= {"file": source.path.name, "created": known is None}
        if loss is not None:
            status = run.create_again(registry, plan, folder, rps=job.rps)
            told["plan"]["wouldSend"] = status.counts.get(RowState.PENDING, 0)
        else:
            status = known or run.create(registry, plan, rps=job.rps)
        if _untouched(status) or (loss is not None and known is None):
            if job.run:
                registry.resume(run.id)
            else:
                registry.pause(run.id)
        return told


def frame(chunk: bytes) -> bytes:
    """A part of the file behind its length; an empty one says that the file is complete.

    The end of standard input does not say so: whoever wrote it may have been killed.
    """
    return _LENGTH.pack(len(chunk)) + chunk


class CutOff(Exception):
    """The file ended before it was complete."""


class Framed(io.RawIOBase):
    """The file in a stream of frames. Raises CutOff where the last one is missing."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._rest = b""
        self._complete = False

    def readable(self) -> bool:
        """It is."""
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes, not always as many as there are to come; none at the end."""
        if not self._rest and not self._complete:
            (length,) = _LENGTH.unpack(self._exactly(_LENGTH.size))
            self._rest = self._exactly(length)
            self._complete = length == 0
        size = len(self._rest) if size < 0 else size
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def _exactly(self, size: int) -> bytes:
        found = self._stream.read(size)
        if len(found) < size:
            raise CutOff
        return found


def _untouched(status: MigrationStatus) -> bool:
    """Whether nothing was sent, and nobody is about to."""
    idle = (RowState.PENDING, RowState.INVALID, RowState.ALREADY_SO)
    begun = any(count for state, count in status.counts.items() if state not in idle)
    may_begin = status.state in (MigrationState.RUNNING, MigrationState.PAUSED)
    return may_begin and status.driver is None and not begun


def main() -> int:
    """Answer one job. Exits with 0 where it was answered, a refusal included."""
    # So that what is half written is removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    stream = sys.stdin.buffer
    job = Job(**json.loads(stream.readline()))
    journal = BlockingJournal(redis_config(os.environ))
    try:
        told = answer(job, cast(BinaryIO, Framed(stream)), Registry(journal))
    except FileRefused as refused:
        message = refused.message(job.language)
        told = {"code": refused.code, "message": message, "column": refused.column}
        told["line"] = refused.line
    except ExtraMissing as missing:
        told = {"code": missing.code, "message": missing.message(job.language)}
        told |= {"column": "", "line": 0}
    except JournalLost as lost:
        told = {"code": lost.code, "message": lost.message(job.language), "data": lost.wire()}
    except CutOff:
        return 1
    except JournalUnavailable:
        told = {"code": "unavailable"}
    finally:
        journal.close()
    json.dump(told, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Plans an uploaded file and enters it as a migration, in a child process.

`python -m producer.migrations.processes.plan_process` reads a job from standard input, one line of
JSON, and writes its answer to standard output likewise. If the file can be entered, it waits for
ENTER from its parent: if the parent dies, nothing is entered. Until ENTER, the end of standard
input or SIGTERM ends the process; afterwards only SIGKILL does. It is a process, because a million
rows keep a core busy for a minute or two. REDIS_URL is read from the environment.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from producer.contract import CommandKind
from producer.contract.texts import Language
from producer.journal import BlockingJournal, JournalUnavailable
from producer.migrations.errors import ExtraMissing, FileRefused, JournalLost
from producer.migrations.input.columns.columns import Mapping, map_columns
from producer.migrations.input.files.size_limits import Bounds
from producer.migrations.input.input_file import InputFile
from producer.migrations.input.rows.spool import spool_file
from producer.migrations.model.conditions import Conditions
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationState, MigrationStatus
from producer.migrations.plan.plan import Plan, make_plan
from producer.migrations.registry import Registry
from producer.migrations.report.errors_file import EXPECTED
from producer.migrations.report.undecided import first_of_plan
from producer.migrations.run.lost_journal import lost_here
from producer.migrations.run.setup import Run
from producer.migrations.storage.uploads import Upload, Uploads
from producer.migrations.storage.work_directory import WorkDirectory
from producer.migrations.texts.reasons import Reason
from producer.migrations.texts.row_texts import plan_in
from producer.settings import keeping_config, redis_config

ENTER = b"enter\n"
# Bytes of the process. It stays under 100 MB unless single values are large; Parquet pages are
# unpacked whole, whatever size a file claims for a value.
_MEMORY = 1 << 30
_LINE_LIMIT = 1 << 20
# Undecided customers listed in the answer.
_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class Job:
    """An upload's options; `folder` is the data folder, `descriptor` the open file."""

    descriptor: int
    folder: str
    name: str
    maps: dict[str, str]
    sheet: str = ""  # of an Excel workbook; "" is the first
    command: str | None = None
    expected: str | None = None
    skip_if_newer: bool = False
    blind: bool = False
    rps: float | None = None
    dry_run: bool = False
    run: bool = False
    go_on: bool = False  # in the present journal, if the former one was lost
    stop_after: int | None = None
    stop_after_percent: float | None = None
    limit: int | None = None  # bytes, unpacked
    by: str = ""  # the sender
    language: Language = "en"  # of errors

    def mapped(self, source: InputFile) -> Mapping:
        """The meaning of the columns, as for `cards migrate run`. Raises FileRefused."""
        expected = self.expected
        if expected is None and EXPECTED in source.columns:
            expected = EXPECTED
        kind = CommandKind(self.command) if self.command else None
        return map_columns(source, self.maps, command=kind, expected=expected)


@dataclass(frozen=True, slots=True)
class Planned:
    """A file that can be entered; its copy is in a work folder."""

    job: Job
    registry: Registry
    source: InputFile
    run: Run
    plan: Plan
    known: MigrationStatus | None
    loss: JournalLost | None

    def answer(self) -> dict[str, Any]:
        """The plan, with the number of rows still to send."""
        pending, language = self.plan.to_send, self.job.language
        if self.known is not None:
            pending = self.known.counts.get(RowState.PENDING, 0)
        undecided = [one.wire() for one in first_of_plan(self.plan, _LISTED)]
        plan = plan_in(self.plan.wire(), language)
        return {"plan": {**plan, "wouldSend": pending, "undecided": undecided}, "created": False}

    def enter(self) -> dict[str, Any]:
        """Keep the copy and its options, then enter the migration if it is new.

        A migration that should not run yet is paused before a driver starts. After an
        interruption the same upload completes it: a migration is only found once it is complete.

        Raises:
            JournalUnavailable: Redis is unreachable; the upload may be repeated.
        """
        job, registry, folder = self.job, self.registry, Path(self.job.folder)
        kept = folder / self.source.path.name
        self.source.path.replace(kept)
        run = replace(self.run, source=replace(self.source, path=kept))
        Uploads(folder).keep(Upload(run.id, kept.name, job.stop_after, job.stop_after_percent))
        answer = self.answer() | {"created": self.known is None}
        if self.loss is not None:
            status = run.create_again(registry, self.plan, folder, rps=job.rps)
            answer["plan"]["wouldSend"] = status.counts.get(RowState.PENDING, 0)
        else:
            status = self.known or run.create(registry, self.plan, rps=job.rps)
        if _untouched(status) or (self.loss is not None and self.known is None):
            if job.run:
                registry.resume(run.id)
            else:
                registry.pause(run.id)
        return answer


def planned(job: Job, registry: Registry, stack: ExitStack) -> Planned:
    """Copy the used columns of the file and plan it; temporary files end with the stack.

    Raises:
        FileRefused, ExtraMissing: the file is rejected.
        JournalLost: it was started in a journal that was lost, and `go_on` is not set.
        JournalUnavailable: Redis is unreachable; the upload may be repeated.
    """
    folder = Path(job.folder)
    work = stack.enter_context(WorkDirectory(folder))
    bounds = Bounds(job.limit) if job.limit else None
    source = spool_file(
        Path(f"/dev/fd/{job.descriptor}"),
        work.path,
        name=job.name,
        sheet=job.sheet,
        mapped=job.mapped,
        bounds=bounds,
    )
    mapping = job.mapped(source)
    run = Run(source, mapping, Conditions(mapping.expected, job.skip_if_newer), job.blind, job.by)
    known = registry.find(run.id)
    loss = None if job.dry_run else lost_here(registry, folder, run.id)
    if loss is not None and not job.go_on:
        raise loss
    plan = stack.enter_context(make_plan(source, mapping, run.conditions, blind=job.blind))
    return Planned(job, registry, source, run, plan, known, loss)


def refusal(error: FileRefused | ExtraMissing, language: Language) -> dict[str, Any]:
    """The answer for a rejected file."""
    where = ("", 0) if isinstance(error, ExtraMissing) else (error.column, error.line)
    message = error.message(language)
    return {"code": error.code, "message": message, "column": where[0], "line": where[1]}


def _untouched(status: MigrationStatus) -> bool:
    """Whether nothing was sent, and no driver is about to."""
    may_start = status.state in (MigrationState.RUNNING, MigrationState.PAUSED)
    return may_start and status.driver is None and status.untouched


class _Parent:
    """The parent process; until ENTER this process ends with it."""

    def __init__(self) -> None:
        self._may_enter = threading.Event()
        # An exception, so that temporary files are removed.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    def job(self) -> Job:
        """Read the job."""
        line = b""
        # By descriptor: a thread continues reading where this stops.
        while not line.endswith(b"\n") and len(line) < _LINE_LIMIT:
            byte = os.read(0, 1)
            if not byte:
                sys.exit(1)
            line += byte
        job = Job(**json.loads(line))
        threading.Thread(target=self._listen, daemon=True).start()
        return job

    def send(self, answer: dict[str, Any]) -> None:
        """Write an answer as a line."""
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()

    def wait_for_enter(self) -> None:
        """Wait for ENTER; afterwards SIGTERM is ignored."""
        self._may_enter.wait()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def _listen(self) -> None:
        received = b""
        while chunk := os.read(0, 4096):
            received += chunk
            if received == ENTER:
                self._may_enter.set()
                return
        os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    """Do one job. Exits with 0 once it has answered, also with a refusal."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    memory = _MEMORY if most == resource.RLIM_INFINITY else min(_MEMORY, most)
    resource.setrlimit(resource.RLIMIT_DATA, (memory, most))
    parent = _Parent()
    job = parent.job()
    journal = BlockingJournal(redis_config(os.environ))
    try:
        with ExitStack() as stack:
            found = planned(job, Registry(journal, keeping=keeping_config(os.environ)), stack)
            answer = found.answer()
            if not job.dry_run:
                parent.send(answer)
                parent.wait_for_enter()
                answer = found.enter()
    except (FileRefused, ExtraMissing) as refused:
        answer = refusal(refused, job.language)
    except MemoryError:
        answer = refusal(FileRefused("needs_memory", Reason.NEEDS_MEMORY), job.language)
    except JournalLost as lost:
        answer = {"code": lost.code, "message": lost.message(job.language), "data": lost.wire()}
    except JournalUnavailable:
        answer = {"code": "unavailable"}
    finally:
        journal.close()
    parent.send(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Plans an uploaded file and enters it as a migration, in a process of its own.

`python -m producer.migrations.processes.plan_process` reads a job from standard input, one line of
JSON, and writes what it finds to standard output likewise. If the file can be entered, it waits for
ENTER from the process that started it: if that process is gone, nothing is entered.
The end of standard input ends the process, as SIGTERM does, until that word has come; afterwards
nothing but SIGKILL does. In a process, because a million rows keep a core busy for a minute or two.
REDIS_URL is read from the environment.
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
# Of the process, in bytes. It stays under 100 MB but for values that are large themselves, and a
# Parquet file can say of any value that it is: its pages are unpacked whole.
_MEMORY = 1 << 30
_LINE_LIMIT = 1 << 20
# Customers whose card is to be chosen, in what is told.
_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class Job:
    """What the file means and what is to be done with it; `folder` is the data folder.

    `descriptor` is where the file is open.
    """

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
    go_on: bool = False  # in the journal that there is, where the one of before was lost
    stop_after: int | None = None
    stop_after_percent: float | None = None
    limit: int | None = None  # bytes, unpacked
    by: str = ""  # the sender
    language: Language = "en"  # in which it is said why the file is not taken

    def mapped(self, source: InputFile) -> Mapping:
        """What its columns mean, as for `cards migrate run`. Raises FileRefused."""
        known = self.expected
        if known is None and EXPECTED in source.columns:
            known = EXPECTED
        kind = CommandKind(self.command) if self.command else None
        return map_columns(source, self.maps, command=kind, expected=known)


@dataclass(frozen=True, slots=True)
class Planned:
    """A file that may be entered: its copy lies in a folder of work."""

    job: Job
    registry: Registry
    source: InputFile
    run: Run
    plan: Plan
    known: MigrationStatus | None
    loss: JournalLost | None

    def told(self) -> dict[str, Any]:
        """The plan, with what is left to be sent."""
        pending, language = self.plan.to_send, self.job.language
        if self.known is not None:
            pending = self.known.counts.get(RowState.PENDING, 0)
        undecided = [one.wire() for one in first_of_plan(self.plan, _LISTED)]
        plan = plan_in(self.plan.wire(), language)
        return {"plan": {**plan, "wouldSend": pending, "undecided": undecided}, "created": False}

    def enter(self) -> dict[str, Any]:
        """Keep the copy and how it is to be driven, then enter the migration, where it is new.

        One that is not to run yet is paused before anybody drives it. Cut off, the same upload
        finishes it: a migration is not found until it is entered whole.

        Raises:
            JournalUnavailable: Redis is out of reach; the upload may be repeated.
        """
        job, registry, folder = self.job, self.registry, Path(self.job.folder)
        kept = folder / self.source.path.name
        self.source.path.replace(kept)
        run = replace(self.run, source=replace(self.source, path=kept))
        Uploads(folder).keep(Upload(run.id, kept.name, job.stop_after, job.stop_after_percent))
        told = self.told() | {"created": self.known is None}
        if self.loss is not None:
            status = run.create_again(registry, self.plan, folder, rps=job.rps)
            told["plan"]["wouldSend"] = status.counts.get(RowState.PENDING, 0)
        else:
            status = self.known or run.create(registry, self.plan, rps=job.rps)
        if _untouched(status) or (self.loss is not None and self.known is None):
            if job.run:
                registry.resume(run.id)
            else:
                registry.pause(run.id)
        return told


def planned(job: Job, registry: Registry, stack: ExitStack) -> Planned:
    """Copy what is used of the file and plan it; what is made of it goes with the stack.

    Raises:
        FileRefused, ExtraMissing: the file is not taken.
        JournalLost: it was begun in a journal that was lost, and is not to go on in this one.
        JournalUnavailable: Redis is out of reach; the upload may be repeated.
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
    """Why the file is not taken, as it is told."""
    where = ("", 0) if isinstance(error, ExtraMissing) else (error.column, error.line)
    message = error.message(language)
    return {"code": error.code, "message": message, "column": where[0], "line": where[1]}


def _untouched(status: MigrationStatus) -> bool:
    """Whether nothing was sent, and nobody is about to."""
    may_begin = status.state in (MigrationState.RUNNING, MigrationState.PAUSED)
    return may_begin and status.driver is None and status.untouched


class _Asker:
    """Whoever started this process; its end is ours, until the migration is being entered."""

    def __init__(self) -> None:
        self._may_enter = threading.Event()
        # So that what is half done is removed.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    def job(self) -> Job:
        """What is to be done."""
        line = b""
        # By the descriptor: a thread reads on where this ends.
        while not line.endswith(b"\n") and len(line) < _LINE_LIMIT:
            byte = os.read(0, 1)
            if not byte:
                sys.exit(1)
            line += byte
        job = Job(**json.loads(line))
        threading.Thread(target=self._listen, daemon=True).start()
        return job

    def tell(self, told: dict[str, Any]) -> None:
        """What was found, as a line."""
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()

    def wait_for_word(self) -> None:
        """Return once the migration is to be entered; from then on no signal cuts it off."""
        self._may_enter.wait()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    def _listen(self) -> None:
        said = b""
        while chunk := os.read(0, 4096):
            said += chunk
            if said == ENTER:
                self._may_enter.set()
                return
        os.kill(os.getpid(), signal.SIGTERM)


def main() -> int:
    """Do one job. Exits with 0 where it was answered, a refusal included."""
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    memory = _MEMORY if most == resource.RLIM_INFINITY else min(_MEMORY, most)
    resource.setrlimit(resource.RLIMIT_DATA, (memory, most))
    asker = _Asker()
    job = asker.job()
    journal = BlockingJournal(redis_config(os.environ))
    try:
        with ExitStack() as stack:
            found = planned(job, Registry(journal, keeping=keeping_config(os.environ)), stack)
            told = found.told()
            if not job.dry_run:
                asker.tell(told)
                asker.wait_for_word()
                told = found.enter()
    except (FileRefused, ExtraMissing) as refused:
        told = refusal(refused, job.language)
    except MemoryError:
        told = refusal(FileRefused("needs_memory", Reason.NEEDS_MEMORY), job.language)
    except JournalLost as lost:
        told = {"code": lost.code, "message": lost.message(job.language), "data": lost.wire()}
    except JournalUnavailable:
        told = {"code": "unavailable"}
    finally:
        journal.close()
    asker.tell(told)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A suspect command is tried in a process of its own, so that it kills only itself.

A command whose lease ran out twice in the middle of a try may have killed its workers, or was
there by chance when they were killed. In a child process of its own the two are told apart: if
the child dies and its parent lives, the command did it.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from producer.contract import CommandKind, parse_command
from producer.contract.messages import Text
from worker import verdicts
from worker.clock import clock
from worker.handlers.attempt import Attempt, LeaseLost, Terms
from worker.verdicts import Succeeded, Verdict

_LEASE_LOST = "LeaseLost"


class PoisonError(Exception):
    """The process that tried the command died of it."""


# Children at a time: each costs a second of start-up, and suspects come in crowds, all that were
# on one killed worker.
_CHILDREN = 2


class Quarantine:
    """Runs `python -m worker.execution.quarantine_process`, one process for each try."""

    def __init__(self) -> None:
        self._deferred = asyncio.Semaphore(_CHILDREN)

    async def carry_out(self, attempt: Attempt, left_s: Callable[[], float]) -> Verdict:
        """Try the command in a child, which may send while its lease has seconds left.

        Raises:
            PoisonError: the child died.
            LeaseLost: the lease was gone before it could send.
        """
        async with self._deferred:
            attempt.check()
            status, out = await self._child(_written(attempt, left_s()))
        if status != 0:
            raise PoisonError(_ended(status))
        attempt.check()
        return _read_verdict(out, attempt.command_id)

    async def _child(self, told: str) -> tuple[int, str]:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "worker.execution.quarantine_process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            # Its standard input stays open: the child ends when that closes, as when we are killed.
            child.stdin.write(told.encode() + b"\n")
            out = await child.stdout.read()
            status = await child.wait()
        finally:
            if child.returncode is None:
                child.kill()
            child.stdin.close()
        return status, out.decode()


def _ended(status: int) -> str:
    if status > 0:
        return f"ended with exit status {status}"
    # What the kernel kills to have memory again has this signal too.
    hint = "; for want of memory, perhaps: see dmesg" if -status == signal.SIGKILL else ""
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"killed by {name}{hint}"


def _written(attempt: Attempt, within_s: float) -> str:
    return json.dumps(
        {
            "kind": attempt.command.kind,
            "fields": attempt.command.kwargs(),
            "command_id": attempt.command_id,
            "key": attempt.key,
            "number": attempt.number,
            "unsettled": attempt.unsettled,
            "may_send": attempt.may_send,
            "look_up_first": attempt.look_up_first,
            "within_s": within_s,
            "terms": None if attempt.terms is None else asdict(attempt.terms),
        }
    )


def read_attempt(text: str) -> Attempt:
    read: dict[str, Any] = json.loads(text)
    until = clock() + read.pop("within_s")
    command = parse_command(CommandKind(read.pop("kind")), read.pop("fields"))
    told = read.pop("terms")
    terms = None if told is None else Terms(**told)
    return Attempt(command=command, held=lambda: clock() < until, terms=terms, **read)


def write_verdict(verdict: Verdict | None) -> str:
    """A verdict as JSON; None where the lease was lost."""
    if verdict is None:
        return json.dumps([_LEASE_LOST, {}])
    fields = {name: getattr(verdict, name) for name in verdict.__dataclass_fields__}
    if isinstance(verdict, Succeeded):
        fields["text"] = verdict.text.name
    final = fields.get("final")
    if final is not None:
        fields["final"] = {name: getattr(final, name) for name in final.__dataclass_fields__}
    return json.dumps([type(verdict).__name__, fields])


def _read_verdict(text: str, command_id: str) -> Verdict:
    name, fields = json.loads(text)
    if name == _LEASE_LOST:
        raise LeaseLost(command_id)
    if "text" in fields:
        fields["text"] = Text[fields["text"]]
    if fields.get("final"):
        fields["final"] = verdicts.Rejected(**fields["final"])
    verdict: Verdict = getattr(verdicts, name)(**fields)
    return verdict

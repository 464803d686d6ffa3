"""Tries a suspect command in a child process, so that it cannot kill the worker.

A command whose lease expired twice during an attempt may have killed its workers, or was there by
chance when they were killed. A child process tells the two apart: if the child dies and its
parent lives, the command did it.
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
    """The command killed the process that tried it."""


# Child processes at a time: each costs a second of start-up, and all commands of one killed worker
# are suspects at once.
_MAX_CHILDREN = 2


class Quarantine:
    """Runs `python -m worker.execution.quarantine_process`, one process for each attempt."""

    def __init__(self) -> None:
        self._children = asyncio.Semaphore(_MAX_CHILDREN)

    async def carry_out(self, attempt: Attempt, left_s: Callable[[], float]) -> Verdict:
        """Try the command in a child process, which may send for the lease's remaining seconds.

        Raises:
            PoisonError: the child died.
            LeaseLost: the lease was lost before the child could send.
        """
        async with self._children:
            attempt.check()
            status, out = await self._run_child(_write_attempt(attempt, left_s()))
        if status != 0:
            raise PoisonError(_exit_description(status))
        attempt.check()
        return _read_verdict(out, attempt.command_id)

    async def _run_child(self, attempt: str) -> tuple[int, str]:
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
            # Standard input stays open: the child ends when it closes, as when we are killed.
            child.stdin.write(attempt.encode() + b"\n")
            out = await child.stdout.read()
            status = await child.wait()
        finally:
            if child.returncode is None:
                child.kill()
            child.stdin.close()
        return status, out.decode()


def _exit_description(status: int) -> str:
    if status > 0:
        return f"ended with exit status {status}"
    # The kernel's out-of-memory killer sends this signal, too.
    hint = "; perhaps for lack of memory: see dmesg" if -status == signal.SIGKILL else ""
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"killed by {name}{hint}"


def _write_attempt(attempt: Attempt, within_s: float) -> str:
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
    """The attempt that the parent process wrote as JSON."""
    fields: dict[str, Any] = json.loads(text)
    until = clock() + fields.pop("within_s")
    command = parse_command(CommandKind(fields.pop("kind")), fields.pop("fields"))
    terms = fields.pop("terms")
    return Attempt(
        command=command,
        held=lambda: clock() < until,
        terms=None if terms is None else Terms(**terms),
        **fields,
    )


def write_verdict(verdict: Verdict | None) -> str:
    """A verdict as JSON; None stands for a lost lease."""
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

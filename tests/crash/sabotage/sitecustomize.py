"""Faults that no signal from outside can time; the tests' workers load them at start.

A customer's id selects the fault (`cus_DiesBeforeSending7`). A fault that strikes once leaves a
mark, so that it spares the worker that takes the command over.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

_MARKS = Path(os.environ.get("CRASH_MARKS", "/nonexistent"))


def _once(name: str) -> bool:
    try:
        (_MARKS / name).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _strike(place: str, text: str) -> None:
    """Kill or stop this process if the text names a customer for that, once for each stage."""
    for deed, signum in (("Dies", signal.SIGKILL), ("Stops", signal.SIGSTOP)):
        if f"cus_{deed}{place}" in text and _once(f"{deed}{place}"):
            # To this thread, which then stops at once; with the signal to another it might go on.
            signal.pthread_kill(threading.get_ident(), signum)


def _patch_handlers() -> None:
    from worker.handlers.command_handler import CommandHandler

    carry_out = CommandHandler.carry_out

    async def sabotaged(self: CommandHandler, attempt: Any) -> Any:
        customer = attempt.command.customer
        if customer.startswith("cus_Poison"):
            os.kill(os.getpid(), signal.SIGKILL)
        if customer.startswith("cus_RaisesBefore"):
            raise RuntimeError("a bug of the handler")
        verdict = await carry_out(self, attempt)
        # The bug is gone once an operator replays the command.
        if customer.startswith("cus_RaisesAfter") and not attempt.look_up_first:
            raise RuntimeError("a bug of the handler")
        return verdict

    CommandHandler.carry_out = sabotaged  # type: ignore[method-assign]


def _patch_gateway() -> None:
    from producer.journal.redis.endpoints import Endpoint
    from worker.ports import Permit, StripeResult
    from worker.stripe.gateway import StripeGateway

    post = StripeGateway._post

    async def sabotaged(
        self: StripeGateway,
        path: str,
        fields: dict[str, Any],
        endpoint: Endpoint,
        key: str,
        permit: Permit,
    ) -> StripeResult:
        _strike("BeforeSending", path)
        return await post(self, path, fields, endpoint, key, permit)

    StripeGateway._post = sabotaged  # type: ignore[method-assign]


def _patch_transport() -> None:
    from worker.celery.transport import QoS

    append, ack = QoS.append, QoS.ack

    def on_receipt(self: Any, message: Any, tag: str) -> Any:
        print(f"[{message.headers.get('id')}] received", file=sys.stderr, flush=True)
        _strike("OnReceipt", str(message.body))
        return append(self, message, tag)

    def on_ack(self: Any, tag: str) -> Any:
        message = self._delivered.get(tag)
        _strike("BeforeAck", str(message and message.body))
        return ack(self, tag)

    for name, patched in (("append", on_receipt), ("ack", on_ack)):
        setattr(QoS, name, patched)


def _patch_clock() -> None:
    """The wall clock is five minutes ahead as long as the mark exists."""
    mark, true_time = _MARKS / os.environ["CRASH_CLOCK"], time.time
    path = str(mark)

    def shifted() -> float:
        return true_time() + (300 if os.path.exists(path) else 0)

    time.time = shifted


if _MARKS.is_dir():
    _patch_clock()
    _patch_handlers()
    _patch_gateway()
    _patch_transport()

"""The sender's side: acceptance is one step, and may be repeated."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from uuid import uuid4

import pytest
import redis

from producer import CardCommands
from producer.contract import CommandKind, Lane, State, parse_command
from producer.journal import BlockingJournal, accept
from tests.crash.stage import Stage
from tests.crash.worker_process import ROOT

pytestmark = pytest.mark.crash

_SENDER = """
import dataclasses, os, signal, sys
from producer.contract import CommandKind, parse_command
from producer.journal import BlockingJournal, accept
url, command_id, customer, card = sys.argv[1:]
order = parse_command(CommandKind("SetDefaultCard"), {"userId": customer, "default_source": card})
call = accept(order, command_id=command_id)
die = lambda answer: os.kill(os.getpid(), signal.SIGKILL)
BlockingJournal(url)(dataclasses.replace(call, parse=die))
"""


def test_sender_killed_before_the_answer(stage: Stage) -> None:
    """A command whose sender was killed right after acceptance is executed."""
    customer, command = stage.customer(), str(uuid4())
    argv = [sys.executable, "-c", _SENDER, stage.valkey.url, command]
    sender = subprocess.run([*argv, customer, stage.card(customer)], cwd=ROOT)
    assert sender.returncode == -signal.SIGKILL
    stage.ended(command, State.SUCCEEDED)
    assert len(stage.effects(command)) == 1


@pytest.mark.parametrize("key", ["key", None])
def test_acceptance_repeated(redis_url: str, key: str | None) -> None:
    """The script run again with the same id gives the same state: one row, one message."""
    fields = {"userId": "cus_1", "default_source": "card_1"}
    order = parse_command(CommandKind.SET_DEFAULT_CARD, fields)
    command = str(uuid4())
    journal = BlockingJournal(redis_url)
    with redis.Redis.from_url(redis_url, decode_responses=True) as server:
        journal(accept(order, command_id=command, idempotency_key=key))
        once = {name: server.dump(name) for name in server.scan_iter()}
        assert server.llen(Lane.INTERACTIVE.value) == 1
        journal(accept(order, command_id=command, idempotency_key=key))
        assert {name: server.dump(name) for name in server.scan_iter()} == once
    journal.close()


class LossyWire:
    """A connection to Redis that is cut once, after a script ran and before its answer."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._cut = threading.Event()
        self.url = f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def was_cut(self) -> bool:
        return self._cut.is_set()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                here, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(here,), daemon=True).start()

    def _carry(self, here: socket.socket) -> None:
        with here, socket.create_connection(("127.0.0.1", self._port)) as there:
            while asked := here.recv(1 << 16):
                there.sendall(asked)
                answer = there.recv(1 << 16)
                accepted = b"EVAL" in asked and not answer.startswith(b"-NOSCRIPT")
                if accepted and not self._cut.is_set():
                    self._cut.set()
                    return
                here.sendall(answer)


def test_acceptance_whose_answer_is_lost(stage: Stage) -> None:
    """A sender whose connection breaks before the answer gets one command, not two."""
    customer = stage.customer()
    wire = LossyWire(stage.valkey.port)
    with CardCommands(wire.url) as client:
        command = client.set_default(customer=customer, card=stage.card(customer)).id
    wire.close()
    assert wire.was_cut
    stage.ended(command, State.SUCCEEDED)
    assert stage.applied(customer) == [command]

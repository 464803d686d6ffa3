"""A scene played with a release's code, whose modules come first in PYTHONPATH.

`python scene.py OUT` plays one of each kind of command, message and outcome, and a migration that
is killed while it runs, with its own Valkey; it writes what is left to OUT as JSON. It uses none of
the present code.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx
import redis

from producer.contract import Lane, State
from producer.migrations.registry import Registry
from tests.crash.migrating import Drive
from tests.crash.stage import Stage
from tests.crash.worker_process import wait_until
from tests.unit.http.web import WebProcess

try:
    from producer.journal.operations.dead_letters import letters
except ImportError:  # a release of before that module was moved
    from producer.journal.dead_letters import letters  # type: ignore[import-not-found,no-redef]

_ROWS, _HELD = 12, 3


class Scene:
    """The stage, and the commands on it by their purpose."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.commands: dict[str, str] = {}
        self.http: dict[str, Any] = {}

    def play(self) -> dict[str, Any]:
        """Play everything; return what is to be kept."""
        worker = self.stage.worker("one", "interactive,bulk", CARDS_WORKER_CONCURRENCY="20").ready()
        self._ended()
        self._under_way()
        migration = self._migration()
        self._tried_again()
        worker.close()
        self.stage.workers.remove(worker)
        self._waiting()
        statuses = {name: self._status(one) for name, one in self.commands.items()}
        return {
            "commands": self.commands,
            "statuses": statuses,
            "http": self.http,
            "failed": [one.id for one in self.stage.client.failed()],
            "migration": migration,
        }

    def _ended(self) -> None:
        stage = self.stage
        ends = {
            "succeeded": (stage.set_default(stage.customer("Done")), State.SUCCEEDED),
            "assigned": (stage.assign(stage.customer("Done")), State.SUCCEEDED),
            "rejected": (stage.set_default(stage.customer("Done"), 9), State.REJECTED),
            "failed": (
                stage.set_default(stage.customer("RaisesBefore"), lane=Lane.BULK),
                State.FAILED,
            ),
        }
        keyed = stage.customer("Keyed")
        ends["keyed"] = (stage.set_default(keyed, idempotency_key="order-1"), State.SUCCEEDED)
        stage.redis.lpush("interactive", "no message")
        for name, (command, state) in ends.items():
            stage.ended(command, state)
            self.commands[name] = command
        wait_until(lambda: stage.journal(letters()), "there is no dead letter")

    def _under_way(self) -> None:
        """A command at Stripe when the worker is killed, and one behind it."""
        stage = self.stage
        customer = stage.customer("Held")
        hold = stage.hold(customer, "before")
        self.commands["at Stripe"] = stage.set_default(customer)
        hold.wait()
        self.commands["behind it"] = stage.set_default(customer, 1, Lane.BULK)

    def _tried_again(self) -> None:
        """A command that waits for its next attempt, which comes after the worker is killed."""
        stage = self.stage
        again = stage.customer("Again")
        stage.stripe.add_fault("status", customer=f"^{again}$", method="POST", times=None)
        self.commands["tried again"] = stage.set_default(again)
        wait_until(
            lambda: stage.status(self.commands["tried again"]).state is State.RETRYING,
            "it is not retried",
        )

    def _migration(self) -> dict[str, Any]:
        """Some rows have ended, some are at Stripe, when driver and worker are killed."""
        stage = self.stage
        names = [stage.customer("Row") for _ in range(_ROWS)]
        for name in names[-_HELD:]:
            stage.hold(name, "before", times=None)
        path = stage.directory / "rows.csv"
        lines = [
            "userId,default_source",
            *(f"{name},{stage.card(name)}" for name in names),
            "kus_1,",
        ]
        path.write_text("\n".join([*lines, ""]), "utf-8")
        drive, registry = Drive(stage, path), Registry(stage.journal)
        drive.start()
        wait_until(registry.list, "nothing was created")
        ident = registry.list()[0].id
        # The invalid row ends at once.
        wait_until(
            lambda: registry.status(ident).ended_rows >= _ROWS - _HELD + 1, "rows do not end"
        )
        drive.kill()
        drive.close()
        results = stage.directory / "migrations" / f"{ident}.sqlite"
        with sqlite3.connect(results) as db:
            dump = list(db.iterdump())
        return {"id": ident, "input": path.read_text("utf-8"), "results": dump, "rows": _ROWS + 1}

    def _waiting(self) -> None:
        """Commands accepted while there is no worker, in every way."""
        stage = self.stage
        self.commands["set default"] = stage.set_default(stage.customer("Wait"))
        self.commands["assign"] = stage.assign(stage.customer("Wait"))
        self.commands["bulk"] = stage.set_default(stage.customer("Wait"), lane=Lane.BULK)
        many = [stage.order(stage.customer("Many")) for _ in range(3)]
        for number, handle in enumerate(stage.client.send_many(many)):
            self.commands[f"many {number}"] = handle.id
        keyed = stage.customer("Keyed")
        key = stage.set_default(keyed, idempotency_key="order-2", lane=Lane.BULK)
        self.commands["keyed, waiting"] = key
        self.commands["cancelled"] = stage.set_default(stage.customer("Wait"))
        stage.client.cancel(self.commands["cancelled"])
        customer = stage.customer("Http")
        body = {"userId": customer, "default_source": stage.card(customer)}
        headers = {"Prefer": "respond-async", "Idempotency-Key": "http-1"}
        with WebProcess(stage.valkey.url) as web:
            answer = httpx.post(f"{web.url}/api/cards/default", json=body, headers=headers)
        assert answer.status_code == 202, answer.text
        self.commands["http"] = answer.headers["Location"].split("/")[-1]
        self.http = {"body": body, "headers": headers}
        celery = stage.customer("Celery")
        sent = stage.celery.send_task(
            "SetDefaultCard",
            kwargs={"userId": celery, "default_source": stage.card(celery)},
            queue="interactive",
        )
        self.http["celery"] = sent.id

    def _status(self, command: str) -> dict[str, Any]:
        found: dict[str, Any] = self.stage.status(command).model_dump(mode="json")
        return found


def main() -> int:
    """Play the scene, and write what it left."""
    # The present version's, whatever the release had: its folder is in PYTHONPATH too.
    from records import recorded  # type: ignore[import-not-found]

    with tempfile.TemporaryDirectory() as folder, Stage(Path(folder)) as stage:
        recording = Scene(stage).play()
        with redis.Redis.from_url(stage.valkey.url) as client:
            recording["redis"] = recorded(client)
    text = json.dumps(recording, indent=1, sort_keys=True).replace(folder, "/scene")
    Path(sys.argv[1]).write_text(f"{text}\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

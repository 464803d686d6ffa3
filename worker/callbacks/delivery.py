"""Notifies callback URLs of ended commands, at least once, retrying for a day."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from urllib.parse import urlsplit

from producer.contract import CommandStatus
from producer.journal import (
    Journal,
    JournalFault,
    JournalUnavailable,
    JournalWatch,
    RecordDamaged,
    status,
)
from producer.journal.commands.callbacks import (
    DueCallback,
    put_off_callback,
    settle_callback,
    take_callbacks,
)
from producer.journal.operations.dead_letters import DeadReason, dead_letter, set_aside
from producer.security.standard_webhooks import CallbackSecrets
from worker.callbacks.http_client import CallbackClient, Unreached

log = logging.getLogger(__name__)

TYPE = "com.card-commands.command.ended"
GIVE_UP_MS = 24 * 3600 * 1000
INTERVAL_S = 1.0
_CONCURRENT = 50
# Longer than a request may take, so that two workers seldom deliver the same callback.
_LEASE_MS = 30_000
_FIRST_MS, _LAST_MS = 5_000, 3_600_000
# The receiver wants no more callbacks (Standard Webhooks specification).
_GONE = 410


def delay_ms(age_ms: int, draw: random.Random) -> int:
    """Milliseconds until the next delivery: about the callback's age so far, 5 s to an hour."""
    return int(min(max(age_ms, _FIRST_MS), _LAST_MS) * draw.uniform(0.5, 1.0))


def cloud_event(message_id: str, found: CommandStatus) -> bytes:
    """The body: a CloudEvent (1.0, structured JSON) whose data is the status view."""
    view = found.wire()
    event = {
        "specversion": "1.0",
        "id": message_id,
        "source": "/card-commands",
        "type": TYPE,
        "subject": found.id,
        "time": view["finishedAt"],
        "datacontenttype": "application/json",
        "data": view,
    }
    return json.dumps(event, separators=(",", ":")).encode()


class Callbacks:
    """One per worker process. Due callbacks are in the journal, and any worker delivers them."""

    def __init__(
        self,
        journal: Journal,
        watch: JournalWatch,
        secrets: CallbackSecrets,
        requests: CallbackClient,
    ) -> None:
        self._journal = journal
        self._watch = watch
        self._secrets = secrets
        self._requests = requests
        self._deliveries: set[asyncio.Task[None]] = set()
        self._draw = random.Random()

    async def run(self) -> None:
        """Deliver due callbacks until cancelled; without secrets none is delivered."""
        if not self._secrets.keys:
            return
        try:
            while True:
                try:
                    await self._claim_due()
                except (JournalUnavailable, JournalFault) as error:
                    log.warning("no callbacks: %s", error)
                except Exception:
                    log.exception("no callbacks")
                await asyncio.sleep(INTERVAL_S * self._draw.uniform(0.5, 1.5))
        finally:
            for task in self._deliveries:
                task.cancel()
            await asyncio.gather(*self._deliveries, return_exceptions=True)
            await self._requests.close()

    async def _claim_due(self) -> None:
        while self._watch.refuses is None and (free := _CONCURRENT - len(self._deliveries)) > 0:
            found = await self._journal(take_callbacks(free, _LEASE_MS))
            for due in found:
                task = asyncio.create_task(self._deliver_or_log(due))
                self._deliveries.add(task)
                task.add_done_callback(self._deliveries.discard)
            if len(found) < free:
                return

    async def _deliver_or_log(self, due: DueCallback) -> None:
        try:
            await self._deliver(due)
        except (JournalUnavailable, JournalFault) as error:
            log.warning("a callback is delivered again later: %s", error)
        except Exception:
            log.exception("a callback is delivered again later")

    async def _deliver(self, due: DueCallback) -> None:
        try:
            found = await self._journal(status(due.command_id))
        except RecordDamaged:
            found = None
        if found is None or found.finished_at is None or found.result is None:
            # Replayed since, so that another end will be reported; or its status has expired.
            if found is None or found.ended:
                await self._give_up(due, "not_known")
            else:
                await self._journal(settle_callback(due))
            return
        if round(found.finished_at.timestamp() * 1000) != due.ended_ms:
            await self._journal(settle_callback(due))
            return
        message_id = f"end_{due.command_id}_{due.ended_ms}"
        body = cloud_event(message_id, found)
        headers = self._secrets.headers(message_id, body, now_s=int(time.time()))
        headers["Content-Type"] = "application/cloudevents+json"
        headers["User-Agent"] = "card-commands"
        try:
            code = await self._requests.post(due.url, body, headers)
            why = f"status_{code}"
        except Unreached as error:
            code, why = 0, str(error)
        if 200 <= code < 300:
            await self._journal(settle_callback(due))
        elif code == _GONE or due.age_ms >= GIVE_UP_MS:
            await self._give_up(due, why)
        else:
            log.info(
                "the callback for %s was not accepted (%s); it is retried later",
                due.command_id,
                why,
            )
            await self._journal(put_off_callback(due, delay_ms(due.age_ms, self._draw)))

    async def _give_up(self, due: DueCallback, why: str) -> None:
        host = urlsplit(due.url).hostname or ""
        letter = json.dumps({"id": due.command_id, "host": host, "why": why}).encode()
        await self._journal(set_aside(dead_letter("callbacks", DeadReason.CALLBACK, letter)))
        await self._journal(settle_callback(due))
        log.warning("the callback for %s is given up: %s", due.command_id, why)

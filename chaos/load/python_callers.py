"""Callers through the Python client: they send, wait, ask, and sometimes cancel."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping

from chaos.clock import now
from chaos.history import ASSIGN, Observation, Order, Recorder, Sending
from chaos.load.answers import envelope_of, observed_in_status
from producer import AsyncCardCommands, CommandNotFound, NotCancellable, Unavailable, WaitTimeout
from producer.client.sending import assign_order, set_default_order
from producer.contract import Lane

_GIVE_UP_S = 60.0


class PythonCallers:
    """Many callers that share one client."""

    def __init__(self, settings: Mapping[str, str], record: Recorder, seed: int) -> None:
        """`settings` is the environment of a service that uses the client."""
        self._client = AsyncCardCommands.from_env(settings)
        self._record = record
        self._draw = random.Random(f"python {seed}")

    async def close(self) -> None:
        await self._client.aclose()

    async def place(self, order: Order) -> str | None:
        """Send an order until it is accepted, but once if it has no key; return the received id."""
        made = (
            assign_order(order.customer, order.object)
            if order.kind == ASSIGN
            else set_default_order(order.customer, order.object)
        )
        deadline = now() + _GIVE_UP_S
        while True:
            sent = now()
            try:
                handle = await self._client.send(
                    made, idempotency_key=order.key, lane=Lane(order.lane)
                )
            except Unavailable:
                self._record(Sending(order.number, sent, now(), "unavailable"))
                if order.key is None or now() > deadline:
                    return None
                await asyncio.sleep(self._draw.uniform(0.1, 1.0))
                continue
            self._record(Sending(order.number, sent, now(), "accepted", handle.id))
            return handle.id

    async def follow(self, id: str) -> None:
        """Ask for a command in a random way, wait for it, cancel it, or do nothing."""
        chance = self._draw.random()
        asked = now()
        try:
            if chance < 0.3:
                found = await self._client.status(id)
                self._record(observed_in_status(asked, now(), found.wire(), "client"))
            elif chance < 0.6:
                envelope = await self._client.wait(id, timeout=8)
                short = envelope_of(envelope.model_dump())
                found = await self._client.status(id)
                seen = observed_in_status(asked, now(), found.wire(), "client")
                self._record(seen)
                # The envelope that `wait` returned, with the state read after it.
                self._record(
                    Observation(
                        id, asked, now(), seen.state, "wait", short, None, seen.superseded_by
                    )
                )
            elif chance < 0.66:
                await self._client.cancel(id)
                self._record(Observation(id, asked, now(), "cancelled", "cancel"))
        except NotCancellable as error:
            self._record(Observation(id, asked, now(), error.state.value, "cancel"))
        except WaitTimeout as error:
            self._record(observed_in_status(asked, now(), error.status.wire(), "client"))
        except CommandNotFound:
            self._record(Observation(id, asked, now(), "absent", "client"))
        except Unavailable:
            return

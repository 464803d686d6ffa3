"""Delivers events to a webhook endpoint, signed as Stripe signs them; retries failures."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
import time

import aiohttp

from sandbox.events.thin_events import thin
from sandbox.protocol.errors import Json

_log = logging.getLogger(__name__)
# Stripe retries for three days; tests of the sandbox do not wait that long.
_PAUSES_S = (0.2, 0.4, 0.8, 1.6, 3.2)
_ANSWER_S = 10.0


class EventSender:
    """Sends events to one endpoint, each in its own task: as at Stripe, in no fixed order."""

    def __init__(self, url: str, secret: str, payload: str = "snapshot") -> None:
        """`payload` is `snapshot` or `thin`."""
        self._url = url
        self._thin = payload == "thin"
        self._secret = secret.encode()
        self._session: aiohttp.ClientSession | None = None
        self._sending: set[asyncio.Task[None]] = set()

    def send(self, event: Json) -> None:
        """Send a snapshot event, or its thin form if it has one, in the background."""
        payload = thin(event) if self._thin else event
        if payload is None:
            return
        task = asyncio.get_running_loop().create_task(self._deliver(payload))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    async def stop(self) -> None:
        """Cancel deliveries, and close the connections."""
        for task in self._sending:
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _deliver(self, event: Json) -> None:
        body = json.dumps(event, indent=2).encode()
        for pause_s in (*_PAUSES_S, None):
            if await self._accepted(body):
                return
            if pause_s is not None:
                await asyncio.sleep(pause_s)
        _log.warning("event %s (%s) was not accepted by the endpoint", event["id"], event["type"])

    async def _accepted(self, body: bytes) -> bool:
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=_ANSWER_S)
            self._session = aiohttp.ClientSession(timeout=timeout)
        at = int(time.time())
        code = hmac.digest(self._secret, b"%d.%b" % (at, body), "sha256").hex()
        headers = {"Content-Type": "application/json", "Stripe-Signature": f"t={at},v1={code}"}
        try:
            async with self._session.post(
                self._url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return 200 <= answer.status < 300
        except (aiohttp.ClientError, TimeoutError):
            return False

"""A service that sends commands over HTTP continuously, each until it is accepted."""

from __future__ import annotations

import itertools
import threading
import time
from typing import Self
from uuid import uuid4

import httpx

from tests.crash.worker_process import wait_until

_CUSTOMERS = 20


class Sender:
    """A context manager; sends one order after the other, each under its own idempotency key."""

    def __init__(self, url: str, pause_s: float) -> None:
        self._pause_s = pause_s
        self._http = httpx.Client(base_url=url, timeout=15, trust_env=False)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self._run = uuid4().hex[:6]
        self.accepted: dict[str, float] = {}
        """Received ids, with the time (`time.monotonic`) of their last answer."""
        self.refusals: list[tuple[int, str]] = []
        """Answers without an id: status and code."""

    def until_accepted(self, since: float, within_s: float) -> float:
        """Wait for an acceptance after a moment; return the seconds it took."""
        wait_until(lambda: max(self.accepted.values(), default=0.0) > since, "nothing is accepted")
        first = min(at for at in self.accepted.values() if at > since)
        assert first - since < within_s, (first - since, self.refusals[-5:])
        return first - since

    def _send(self) -> None:
        for number in itertools.count():
            customer = f"cus_Sent{self._run}x{number % _CUSTOMERS}"
            body = {"userId": customer, "source": f"tok_sent{self._run}x{number}"}
            headers = {"Prefer": "respond-async", "Idempotency-Key": f"{self._run}-{number}"}
            while not self._ending.is_set() and not self._accepted(body, headers):
                time.sleep(0.05)
            if self._ending.is_set():
                return
            time.sleep(self._pause_s)

    def _accepted(self, body: dict[str, str], headers: dict[str, str]) -> bool:
        try:
            answer = self._http.post("/api/cards/assign", json=body, headers=headers)
        except httpx.TransportError as error:
            self.refusals.append((0, str(error)))
            return False
        if answer.status_code not in (200, 202):
            self.refusals.append((answer.status_code, str(answer.json().get("code"))))
            return False
        place = answer.headers.get("Location") or answer.headers["Content-Location"]
        self.accepted[place.rpartition("/")[2]] = time.monotonic()
        return True

    def __enter__(self) -> Self:
        self._thread.start()
        wait_until(lambda: self.accepted, "nothing is accepted")
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()
        self._http.close()

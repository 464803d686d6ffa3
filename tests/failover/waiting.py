"""Callers that wait, in every way, for commands whose requests Stripe holds back."""

from __future__ import annotations

import json
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

import httpx

if TYPE_CHECKING:
    from tests.crash.stage import Hold
    from tests.failover.deployment import Deployment

_WAIT_S = 60


class WaitingCallers:
    """A context in which all callers wait, and their commands have taken effect at Stripe."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._http = httpx.Client(
            base_url=deployment.web.url, timeout=_WAIT_S + 10, trust_env=False
        )
        self._threads = ThreadPoolExecutor(4)
        self._holds: list[Hold] = []
        self._answers: dict[str, Future[bool]] = {}
        self.commands: list[str] = []

    def release(self) -> None:
        """Make Stripe answer."""
        while self._holds:
            self._holds.pop().release()

    def answered(self, within_s: float) -> None:
        """Check that each caller is answered with success within that time."""
        for way, answer in self._answers.items():
            assert answer.result(within_s), way

    def __enter__(self) -> Self:
        customers = [
            self._deployment.customer(way) for way in ("Posts", "Asks", "Listens", "Waits")
        ]
        self._holds = [self._deployment.hold(customer) for customer in customers]
        posts, *others = customers
        self._answers["POST"] = self._threads.submit(self._post, posts)
        self.commands = [
            self._deployment.client.set_default(customer=one, card=_card(one)).id for one in others
        ]
        for way, ask, command in zip(
            ("?wait", "events", "client"),
            (self._ask, self._listen, self._wait),
            self.commands,
            strict=True,
        ):
            self._answers[way] = self._threads.submit(ask, command)
        for hold in self._holds:
            hold.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
        self._threads.shutdown()
        self._http.close()

    def _post(self, customer: str) -> bool:
        body = {"userId": customer, "default_source": _card(customer)}
        answer = self._http.post(
            "/api/cards/default", json=body, headers={"Prefer": f"wait={_WAIT_S}"}
        )
        return answer.status_code == 200 and bool(answer.json()["status"])

    def _ask(self, command: str) -> bool:
        answer = self._http.get(f"/api/tasks/{command}", params={"wait": _WAIT_S})
        return answer.status_code == 200 and answer.json()["data"]["state"] == "succeeded"

    def _listen(self, command: str) -> bool:
        with self._http.stream("GET", f"/api/tasks/{command}/events") as answer:
            for line in answer.iter_lines():
                if line.startswith("data:"):
                    event = json.loads(line[5:])
                    if event.get("data", event).get("state") == "succeeded":
                        return True
        return False

    def _wait(self, command: str) -> bool:
        return self._deployment.client.wait(command, timeout=_WAIT_S).status


def _card(customer: str) -> str:
    return f"card_{customer.removeprefix('cus_')}n2"

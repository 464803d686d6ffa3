"""Stripe's events, from the sandbox over HTTP to web, settle unknown commands."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest

from producer.contract import State
from producer.journal import Grant, Retry, claim, complete
from producer.journal.commands.stripe_events import ChangedBy, NotedEvent, events_of
from sandbox.http.server import EVENTS_SECRET
from tests.crash.stage import Stage
from tests.unit.http.web import WebProcess

pytestmark = pytest.mark.integration
_HOUR_MS = 3_600_000


@dataclass
class Rig:
    """A stage whose sandbox sends events to a real web process."""

    stage: Stage
    stripe: httpx.Client
    url: str
    """The URL of the events."""

    def claimed(self, command: str) -> Grant:
        """Claim the command, as a worker that is killed later."""
        grant = self.stage.journal(claim(command, str(uuid4()), 60_000)).grant
        assert grant is not None
        return grant

    def send(self, grant: Grant) -> None:
        """Send the command's request, and ignore the answer."""
        card = self.stage.card(grant.customer)
        self.set_default(grant.customer, card, **{"Idempotency-Key": grant.key})

    def set_default(self, customer: str, card: str, **headers: str) -> None:
        """Set a customer's default at Stripe."""
        path = f"/v1/customers/{customer}"
        answer = self.stripe.post(path, data={"default_source": card}, headers=headers)
        assert answer.status_code == 200

    def defer(self, grant: Grant) -> None:
        """Defer the command for an hour as unknown."""
        outcome = Retry(_HOUR_MS, True, "timeout", "no answer")
        self.stage.journal(complete(grant, outcome, next_holder="", lease_ms=60_000))

    def events(self, customer: str) -> list[NotedEvent]:
        """The customer's events, once there is one."""
        until = time.monotonic() + 60
        while not (found := self.stage.journal(events_of(customer))):
            assert time.monotonic() < until, "no event came"
            time.sleep(0.02)
        return found


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """One rig for the module, without a worker."""
    with (
        Stage(tmp_path_factory.mktemp("events")) as stage,
        WebProcess(stage.valkey.url, CARDS_STRIPE_WEBHOOK_SECRETS=EVENTS_SECRET) as web,
        httpx.Client(base_url=stage.stripe_url, auth=("sk_test_crash", "")) as client,
    ):
        url = f"{web.url}/stripe/events"
        stage.send_events_to(url)
        yield Rig(stage, client, url)


def _event_before_deferral(rig: Rig, grant: Grant) -> None:
    rig.send(grant)
    rig.events(grant.customer)
    rig.defer(grant)


def _event_after_deferral(rig: Rig, grant: Grant) -> None:
    rig.defer(grant)
    rig.send(grant)
    rig.events(grant.customer)


def test_thin_events_settle_commands_too(rig: Rig) -> None:
    """Thin events name the request but not the change; they settle commands without a worker."""
    stage = rig.stage
    stage.send_events_to(rig.url, "thin")
    try:
        customer, other = stage.customer(), stage.customer()
        command = stage.set_default(customer)
        grant = rig.claimed(command)
        _event_after_deferral(rig, grant)
        rig.set_default(other, stage.card(other))
        (settled,), (seen,) = rig.events(customer), rig.events(other)
    finally:
        stage.send_events_to(rig.url)
    assert (settled.type, settled.command_id) == ("v1.customer.updated", command)
    assert (seen.changed_by, seen.defaults) == (ChangedBy.ELSEWHERE, {})
    assert seen.read_at == f"/v1/customers/{other}"
    due = stage.client.status(command).next_attempt_at
    assert due is not None
    assert due.timestamp() < stage.now() + _HOUR_MS / 2000


def test_unknown_commands_are_settled_before_their_hour(rig: Rig) -> None:
    """An event before or after the attempt ends settles the command with one effect and one key."""
    stage = rig.stage
    commands = {}
    for steps in (_event_before_deferral, _event_after_deferral):
        customer = stage.customer()
        commands[customer] = stage.set_default(customer)
        steps(rig, rig.claimed(commands[customer]))
    stage.worker("settles", queues="interactive,bulk")
    for customer, command in commands.items():
        stage.ended(command, State.SUCCEEDED)
        effects = stage.stripe.effects(kind="default_source.set")
        keys = [one["idempotency_key"] for one in effects if one["customer"] == customer]
        assert keys == [command]
        found = rig.events(customer)
        changed_by = {(one.changed_by, one.command_id) for one in found}
        assert changed_by == {(ChangedBy.COMMAND, command)}
        assert found[0].defaults == {"default_source": stage.card(customer)}


def test_a_change_made_elsewhere_is_seen(rig: Rig) -> None:
    """A change by the dashboard is not a command's, and the new default is read."""
    customer = rig.stage.customer()
    card = rig.stage.card(customer)
    rig.set_default(customer, card)
    (found,) = rig.events(customer)
    assert (found.type, found.changed_by) == ("customer.updated", ChangedBy.ELSEWHERE)
    assert found.defaults == {"default_source": card}
    assert found.request.startswith("req_")

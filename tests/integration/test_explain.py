"""Why a customer's card is what it is: a real worker and the sandbox, by `cards` and over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from producer import CardCommands, Lane
from producer.cli.app import run
from producer.cli.exits import Exit
from producer.contract import State
from producer.journal import pause_lane, resume_lane
from tests.crash.stage import Stage
from tests.unit.http.web import WebProcess

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def stage(migrating_stage: Stage) -> Stage:
    """A stage with one worker for both lanes."""
    return migrating_stage


@pytest.fixture
def web(stage: Stage, tmp_path: Path) -> Iterator[WebProcess]:
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path), "CARDS_LANGUAGE": "en"}
    with WebProcess(stage.valkey.url, **environ) as made:
        yield made


@pytest.fixture
def shop(stage: Stage) -> Iterator[CardCommands]:
    """A client that says who it is."""
    with CardCommands(stage.valkey.url, sender="shop") as made:
        yield made


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> None:
    monkeypatch.setenv("REDIS_URL", stage.valkey.url)


def _explained(web: WebProcess, customer: str) -> dict[str, Any]:
    answer = httpx.get(f"{web.url}/api/customers/{customer}", timeout=60)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def _slot(found: dict[str, Any], name: str = "default_source") -> dict[str, Any]:
    (slot,) = [one for one in found["slots"] if one["slot"] == name]
    return dict(slot)


def test_the_command_that_set_it_and_its_sender_are_named(
    stage: Stage, shop: CardCommands, web: WebProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is charged is what Stripe has, by the command that did it; the line and JSON agree."""
    customer = stage.customer("Explained")
    sent = shop.set_default(customer=customer, card=stage.card(customer))
    assert sent.wait(timeout=60).status
    assert run(["explain", customer, "--json"]) == Exit.DONE
    told = json.loads(capsys.readouterr().out)
    for found in (told, _explained(web, customer)):
        assert found["read"]
        assert found["invoicesCharge"] == stage.card(customer)
        slot = _slot(found)
        assert (slot["origin"], slot["invoiced"]) == ("command", True)
        assert (slot["command"]["taskId"], slot["command"]["sender"]) == (sent.id, "shop")
        assert _slot(found, "default_payment_method")["origin"] == "empty"
        assert [one["taskId"] for one in found["history"]] == [sent.id]
    assert run(["explain", customer]) == Exit.DONE
    lines = capsys.readouterr().out
    assert "a subscription's own default comes first" in lines
    assert f"set by {sent.id} of shop" in lines


def test_a_change_made_elsewhere_and_a_first_card_are_told_apart(
    stage: Stage, shop: CardCommands, web: WebProcess
) -> None:
    """Where Stripe has another card than was set here, that is said; so is what Stripe did."""
    customer = stage.customer("Elsewhere")
    assert _slot(_explained(web, customer))["origin"] == "not_known"
    sent = shop.set_default(customer=customer, card=stage.card(customer))
    assert sent.wait(timeout=60).status
    httpx.post(
        f"{stage.stripe_url}/v1/customers/{customer}",
        data={"default_source": stage.card(customer, 1)},
        headers={"Authorization": "Bearer sk_test_crash"},
    ).raise_for_status()
    slot = _slot(_explained(web, customer))
    assert (slot["card"], slot["origin"]) == (stage.card(customer, 1), "elsewhere")
    assert slot["command"]["card"] == stage.card(customer)


def test_what_is_waiting_and_what_was_superseded_by_what(
    stage: Stage, shop: CardCommands, web: WebProcess
) -> None:
    """A paused lane is why; the older of two commands names the newer one afterwards."""
    customer = stage.customer("Waiting")
    stage.stripe.add_fault(
        "status", when="before", status=429, code="lock_timeout", method="POST",
        customer=f"^{customer}$", source="n1$", times=None,
    )  # fmt: skip
    stage.journal(pause_lane(Lane.BULK, "a test"))
    try:
        older, newer = (
            shop.set_default(customer=customer, card=stage.card(customer, n), lane=Lane.BULK).id
            for n in (1, 2)
        )
        waiting = _explained(web, customer)["waiting"]
        assert [one["taskId"] for one in waiting] == [older, newer]
        assert {one["waitsFor"] for one in waiting} == {"lane"}
        page = httpx.get(f"{web.url}/customers/{customer}", timeout=60).text
        assert "cards resume-lane bulk" in page
    finally:
        stage.journal(resume_lane(Lane.BULK))
    stage.ended(newer, State.SUCCEEDED)
    done = httpx.get(f"{web.url}/api/commands/{newer}").json()["data"]
    assert done["stripeRequestId"].startswith("req_")
    found = {one["taskId"]: one for one in _explained(web, customer)["history"]}
    assert (found[older]["state"], found[older]["supersededBy"]) == ("superseded", newer)
    story = httpx.get(f"{web.url}/api/commands/{older}").json()["data"]
    assert (story["waitsFor"], story["supersededBy"]) == ("nothing", newer)
    for one in story["moments"]:
        assert bool(one["stripeRequestId"]) is (one["what"] == "retrying")
    moments = [(one["what"], one["code"]) for one in story["moments"]]
    assert moments[:2] == [("accepted", None), ("started", None)]
    assert set(moments[2:-1]) == {("retrying", "lock_timeout")}
    assert moments[-1] == ("superseded", "superseded")


def test_a_customer_that_stripe_does_not_know(
    stage: Stage, web: WebProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    """Stripe's code is told, and the exit code is 1."""
    customer = stage.customer("Deleted")
    httpx.delete(
        f"{stage.stripe_url}/v1/customers/{customer}",
        headers={"Authorization": "Bearer sk_test_crash"},
    ).raise_for_status()
    assert _explained(web, customer)["notRead"] == "resource_missing"
    assert run(["explain", customer]) == Exit.NOT_DONE
    assert "not read" in capsys.readouterr().out

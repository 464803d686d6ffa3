"""Which card is charged, where a customer has all three defaults: a real worker and the sandbox."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from producer import CardCommands
from producer.cli.app import run
from producer.cli.exits import Exit
from producer.contract import State
from tests.crash.stage import Stage
from tests.integration.migrating import Migrations
from tests.unit.http.web import WebProcess

pytestmark = pytest.mark.integration

INVOICES = "invoice_settings.default_payment_method"


@pytest.fixture(scope="module")
def stage(migrating_stage: Stage) -> Stage:
    """A stage with one worker for both lanes."""
    return migrating_stage


@pytest.fixture
def migrations(stage: Stage, tmp_path: Path) -> Iterator[Migrations]:
    """For one test."""
    made = Migrations(stage, tmp_path)
    yield made
    made.close()


@pytest.fixture
def shop(stage: Stage) -> Iterator[CardCommands]:
    with CardCommands(stage.valkey.url) as made:
        yield made


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> None:
    monkeypatch.setenv("REDIS_URL", stage.valkey.url)


class Account:
    """The account at Stripe, as its dashboard would change it."""

    def __init__(self, stage: Stage) -> None:
        self._http = httpx.Client(base_url=stage.stripe_url, auth=("sk_test_crash", ""))
        self._stage = stage

    def post(self, path: str, **form: str) -> dict[str, Any]:
        answer = self._http.post(f"/v1/{path}", data=form)
        answer.raise_for_status()
        made: dict[str, Any] = answer.json()
        return made

    def shadow(self, customer: str) -> str:
        """Have invoices paid with a payment method; answers its id."""
        made = self.post("payment_methods/pm_card_visa/attach", customer=customer)
        method: str = made["id"]
        self.post(f"customers/{customer}", **{"invoice_settings[default_payment_method]": method})
        return method

    def charged(self, customer: str, subscription: str = "") -> str | None:
        """By Stripe's precedence, read from the account alone."""
        owner = self._http.get(f"/v1/customers/{customer}").json()
        own = self._http.get(f"/v1/subscriptions/{subscription}").json() if subscription else {}
        order = (
            own.get("default_payment_method"),
            own.get("default_source"),
            owner["invoice_settings"]["default_payment_method"],
            owner["default_source"],
        )
        return next((one for one in order if one), None)


@pytest.fixture
def account(stage: Stage) -> Account:
    return Account(stage)


def _explained(capsys: pytest.CaptureFixture[str], customer: str) -> dict[str, Any]:
    assert run(["explain", customer, "--json"]) == Exit.DONE
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_status_says_what_shadows_the_default(
    stage: Stage, account: Account, shop: CardCommands, tmp_path: Path
) -> None:
    """The answer is the contract's; status and story name the slot and the card in it."""
    customer, plain = stage.customer("Shadowed"), stage.customer("Plain")
    method = account.shadow(customer)
    sent = [shop.set_default(customer=one, card=stage.card(one)) for one in (customer, plain)]
    answers = [one.wait(timeout=60).model_dump() for one in sent]
    assert [list(one) for one in answers] == [["status", "message", "data"]] * 2
    assert "shadowedBy" not in answers[0]["data"]
    assert account.charged(customer) == method
    assert account.charged(plain) == stage.card(plain)
    with WebProcess(stage.valkey.url, CARDS_MIGRATIONS_DIR=str(tmp_path)) as web:
        views = [
            httpx.get(f"{web.url}/api/{what}/{sent[0].id}").json()["data"]
            for what in ("tasks", "commands")
        ]
        other = httpx.get(f"{web.url}/api/tasks/{sent[1].id}").json()["data"]
    for view in views:
        assert view["shadowedBy"] == {"slot": INVOICES, "card": method}
    assert "shadowedBy" not in other


def test_a_migration_tells_shadowed_rows(
    stage: Stage, account: Account, migrations: Migrations
) -> None:
    """Counted by the plan, applied with a note, so already with the same note."""
    names, path = migrations.customers(3)
    method = account.shadow(names[0])
    own = account.post("subscriptions", customer=names[1], default_source=stage.card(names[1], 1))
    drive = migrations.drive(path)
    plan = json.loads(drive.call("plan", str(path), "--check", "3", "--json").stdout)
    sample = {name: count for name, count in plan["sample"].items() if count}
    assert sample == {"would_be_applied": 3, "shadowed": 2}
    code, last = migrations.run(path)
    assert (code, last["counts"]["applied"]) == (0, 3)
    assert account.charged(names[0]) == method
    assert account.charged(names[1], own["id"]) == stage.card(names[1], 1)
    assert account.charged(names[2]) == stage.card(names[2])
    out, page = migrations.folder / "out.csv", migrations.folder / "out.html"
    told = drive.call("report", last["id"], "--csv", str(out), "--html", str(page))
    assert told.returncode == 0, told.stderr
    assert "1 applied (shadowed)" in told.stdout
    rows = list(csv.DictReader(out.open()))
    assert [(row["state"], row["code"]) for row in rows] == [
        ("applied", "shadowed"),
        ("applied", ""),  # the subscription is not read with the change
        ("applied", ""),
    ]
    assert rows[0]["message"] == f"{INVOICES} is {method}, which comes first"
    assert "not the one that is charged" in page.read_text()
    again = migrations.folder / "again.csv"
    again.write_text(f"userId,default_source,x\n{names[0]},{stage.card(names[0])},1\n")
    code, last = migrations.run(again)
    assert (code, last["counts"]["already_so"]) == (0, 1)
    drive.call("report", last["id"], "--csv", str(out))
    (row,) = csv.DictReader(out.open())
    assert (row["state"], row["code"]) == ("already_so", "shadowed")


def test_explain_names_every_shadow(
    stage: Stage, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of customer and subscriptions; the same card in two slots shadows nothing."""
    customer = stage.customer("Three")
    method, first = account.shadow(customer), stage.card(customer, 1)
    made = account.post("subscriptions", customer=customer, default_source=first)
    found = _explained(capsys, customer)
    own = {"slot": "subscription.default_source", "card": first, "subscription": made["id"]}
    assert (found["subscriptions"], found["subscriptionsNotRead"]) == ([own], None)
    assert found["invoicesCharge"] == method
    shadows = {slot["slot"]: slot["shadowedBy"] for slot in found["slots"]}
    assert shadows == {
        "default_payment_method": [own],
        "default_source": [{"slot": INVOICES, "card": method}],
    }
    assert run(["explain", customer]) == Exit.DONE
    told = capsys.readouterr().out
    assert f"invoices of {made['id']} are charged to {first}" in told
    assert f"shadowed: {INVOICES} is {method}" in told


def test_a_key_that_may_not_read_subscriptions(
    stage: Stage, account: Account, shop: CardCommands, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is said, the rest is told, and workers go on taking commands."""
    customer = stage.customer("Restricted")
    method = account.shadow(customer)
    fault = stage.stripe.add_fault(
        "status", status=403, method="GET", path="^/v1/subscriptions$", times=None
    )
    try:
        found = _explained(capsys, customer)
        assert run(["explain", customer]) == Exit.DONE
        assert "key may not read them" in capsys.readouterr().out
    finally:
        stage.stripe.remove_fault(fault)
    assert (found["subscriptions"], found["subscriptionsNotRead"]) == (None, "not_permitted")
    assert found["invoicesCharge"] == method
    sent = shop.set_default(customer=customer, card=stage.card(customer))
    assert sent.wait(timeout=60).status


def test_refused_attachments_have_codes_and_advice(
    stage: Stage, account: Account, shop: CardCommands
) -> None:
    """Of another customer, detached, and one too many: nothing changed, and what to do."""
    mine, other = stage.customer("Mine"), stage.customer("Other")
    elsewhere = account.post("payment_methods/pm_card_visa/attach", customer=other)["id"]
    detached = account.post("payment_methods/pm_card_visa/attach", customer=other)["id"]
    account.post(f"payment_methods/{detached}/detach")
    loose = account.post("payment_methods", **{"type": "card", "card[token]": "tok_visa"})["id"]
    stage.stripe.configure(max_payment_methods=0)
    try:
        full = shop.assign(customer=mine, source=loose)
        stage.ended(full.id, State.REJECTED)
    finally:
        stage.stripe.configure(max_payment_methods=500)
    sent = [full, *(shop.assign(customer=mine, source=one) for one in (elsewhere, detached))]
    answers = [one.wait(timeout=60) for one in sent]
    assert [one.code for one in answers] == [
        "customer_max_payment_methods",
        "attached_elsewhere",
        "payment_method_not_reusable",
    ]
    assert all(one.data["advice"] for one in answers)
    again = shop.assign(customer=other, source=elsewhere).wait(timeout=60)
    assert (again.status, again.data["cardId"]) == (True, elsewhere)

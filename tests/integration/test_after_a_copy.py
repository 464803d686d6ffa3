"""After a copy between accounts: a real worker joins old defaults and repairs defaults."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from producer.migrations.input.columns.columns import map_columns
from producer.migrations.input.input_file import open_input
from producer.migrations.model.conditions import Conditions
from producer.migrations.run.driver import Ended
from producer.migrations.run.setup import Run, reopened
from tests.crash.migrating import Drive
from tests.crash.stage import Stage
from tests.crash.worker_process import wait_until
from tests.integration.charged import Account
from tests.integration.migrating import Driving, Migrations

pytestmark = pytest.mark.integration

HEADER = "customer_id_old,source_id_old,customer_id_new,source_id_new"


@pytest.fixture(scope="module")
def stage(migrating_stage: Stage) -> Stage:
    """A stage with one worker for both lanes."""
    return migrating_stage


@pytest.fixture
def migrations(stage: Stage, tmp_path: Path) -> Iterator[Migrations]:
    """Migrations of one test."""
    made = Migrations(stage, tmp_path)
    yield made
    made.close()


@pytest.fixture
def account(stage: Stage) -> Account:
    """The account to which cards were copied."""
    return Account(stage.stripe_url)


def _counts(last: dict[str, Any]) -> dict[str, int]:
    return {state: count for state, count in last["counts"].items() if count}


def _effects(migrations: Migrations, customer: str) -> list[str]:
    found = migrations.stage.stripe.effects()
    return [str(one["kind"]) for one in found if one["customer"] == customer]


def test_old_defaults_decide_what_is_charged(migrations: Migrations, account: Account) -> None:
    """Without old defaults none of several cards is sent; with them, the old default is charged."""
    customers = [account.customer() for _ in range(3)]
    cards = [[account.card(one) for _ in range(2)] for one in customers]
    customers.append(account.customer())
    cards.append([account.source(customers[3]), account.source(customers[3])])
    path = migrations.file(
        *(
            f"old_{place},old_{place}_{number},{customer},{card}"
            for place, customer in enumerate(customers)
            for number, card in enumerate(cards[place])
        ),
        header=HEADER,
    )
    assert [account.charged(one) for one in customers] == [None, None, None, cards[3][0]]
    code, last = migrations.run(path)
    assert (code, _counts(last)) == (1, {"ambiguous": 8})
    assert last["codes"] == {"ambiguous_cards": 8}
    assert [account.charged(one) for one in customers] == [None, None, None, cards[3][0]]

    old = migrations.folder / "old.csv"
    old.write_text("id,Card ID\nold_0,old_0_1\nold_1,old_1_0\nold_2,old_2_9\nold_3,old_3_1\n")
    code, last = migrations.run(path, "--old-defaults", str(old))
    assert (code, _counts(last)) == (1, {"applied": 3, "skipped": 3, "ambiguous": 2})
    assert last["codes"] == {"default_not_copied": 2, "not_default": 3}
    charged = [cards[0][1], cards[1][0], None, cards[3][1]]
    assert [account.charged(one) for one in customers] == charged

    # Again, from the start: the same migration, of which nothing is left.
    before = len(migrations.stage.stripe.effects())
    code, again = migrations.run(path, "--old-defaults", str(old))
    assert (code, again["id"], _counts(again)) == (1, last["id"], _counts(last))
    assert len(migrations.stage.stripe.effects()) == before

    out, undecided = migrations.folder / "out.csv", migrations.folder / "undecided.csv"
    drive = migrations.drive(path)
    answer = drive.call(
        "report", last["id"], "--csv", str(out), "--undecided", str(undecided), "--json"
    )
    assert answer.returncode == 1, answer.stderr
    rows = list(csv.DictReader(out.open()))
    assert [row["code"] for row in rows] == [
        "not_default",
        "",
        "",
        "not_default",
        "default_not_copied",
        "default_not_copied",
        "not_default",
        "",
    ]
    # A person chooses, in the file that lists the candidates.
    (chosen,) = list(csv.DictReader(undecided.open()))
    assert chosen["candidates"] == "; ".join(cards[2])
    choice = migrations.folder / "choice.csv"
    choice.write_text(f"userId,default_source\n{chosen['userId']},{cards[2][1]}\n")
    assert migrations.run(choice)[0] == 0
    assert account.charged(customers[2]) == cards[2][1]

    undone = migrations.folder / "undo.csv"
    assert drive.call("undo", last["id"], "--output", str(undone)).returncode == 1  # had none
    code, back = migrations.run(undone)
    assert (code, _counts(back)) == (0, {"applied": 1})
    assert account.charged(customers[3]) == cards[3][0]


def test_shadowing_defaults_stay_charged(migrations: Migrations, account: Account) -> None:
    """A subscription's default and a payment method shadow a card; known shadows are reported."""
    own, other, bare = (account.customer() for _ in range(3))
    cards = [account.card(own), account.card(own)]
    account.subscription(own, cards[0])
    method = account.card(other)
    account.set_default(other, method)
    source = account.source(other)
    only = account.card(bare)
    customers = [own, other, bare]
    path = migrations.file(
        f"a,a1,{own},{cards[0]}",
        f"a,a2,{own},{cards[1]}",
        f"b,b1,{other},{source}",
        f"c,c1,{bare},{only}",
        header=HEADER,
    )
    old = migrations.folder / "old.csv"
    old.write_text("customer,default_source\na,a2\nb,b1\nc,c1\n")
    drive, options = migrations.drive(path), ("--old-defaults", str(old))
    plan = json.loads(drive.call("plan", str(path), *options, "--check", "4", "--json").stdout)
    sample = {name: count for name, count in plan["sample"].items() if count}
    assert sample == {"would_be_applied": 2, "already_so": 1, "shadowed": 2}
    code, last = migrations.run(path, *options)
    assert (code, _counts(last)) == (0, {"applied": 2, "already_so": 1, "skipped": 1})
    assert [account.charged(one) for one in customers] == [cards[0], method, only]
    out = migrations.folder / "out.csv"
    drive.call("report", last["id"], "--csv", str(out))
    assert [(row["state"], row["code"]) for row in csv.DictReader(out.open())] == [
        ("skipped", "not_default"),
        ("applied", ""),  # the subscription is not read with the change
        ("already_so", "shadowed"),
        ("applied", ""),
    ]


def test_a_subscriptions_own_default_outlives_a_repair(
    migrations: Migrations, account: Account
) -> None:
    """A customer without a default gets one; the subscription's own card stays, and is counted."""
    customer = account.customer()
    card, expired = account.card(customer), account.card(customer, year=2020)
    account.subscription(customer, expired)
    path = migrations.file(customer, header="customer")
    plan = migrations.drive(path).call("plan", str(path), "--check", "1", "--json")
    sample = {name: n for name, n in json.loads(plan.stdout)["sample"].items() if n}
    assert sample == {"would_be_applied": 1, "shadowed": 1}
    code, last = migrations.run(path)
    assert (code, _counts(last)) == (0, {"applied": 1})
    assert _effects(migrations, customer).count("default_payment_method.set") == 1
    assert account.charged(customer) == expired != card


def test_a_second_copy_adds_new_rows(migrations: Migrations, account: Account) -> None:
    """Two mappings in one run: a row in both is sent once, and each new customer is set."""
    customers = [account.customer() for _ in range(2)]
    cards = [account.card(one) for one in customers]
    first = migrations.folder / "first.csv"
    first.write_text(f"{HEADER}\na,a1,{customers[0]},{cards[0]}\n")
    path = migrations.file(
        f"a,a1,{customers[0]},{cards[0]}", f"b,b1,{customers[1]},{cards[1]}", header=HEADER
    )
    code, last = migrations.run(path, str(first))
    assert (code, _counts(last)) == (0, {"applied": 2, "already_so": 1})
    assert [account.charged(one) for one in customers] == cards
    assert all(
        _effects(migrations, one).count("default_payment_method.set") == 1 for one in customers
    )


def test_an_empty_copy_is_a_success(migrations: Migrations) -> None:
    """A mapping with only a header is finished at once."""
    path = migrations.file(header=HEADER)
    assert migrations.drive(path).call("plan", str(path)).returncode == 0
    code, last = migrations.run(path)
    assert (code, last["state"], last["rows"]) == (0, "finished", 0)


def test_defaults_are_repaired(migrations: Migrations, account: Account) -> None:
    """Only customers without a default and with one usable card get it; reports and undo agree."""
    one, several, none, has, source, expired = (account.customer() for _ in range(6))
    card = account.card(one)
    pair = [account.card(several), account.card(several)]
    kept = account.card(has)
    account.card(has)
    account.set_default(has, kept)
    first = account.source(source)
    old, good = account.card(expired, year=2020), account.card(expired)
    customers = [one, several, none, has, source, expired, "cus_nosuch"]
    migrations.stage.stripe.configure(auto_create=False)
    try:
        before = [account.charged(c) for c in customers[:6]]
        assert before == [None, None, None, kept, first, None]
        path = migrations.file(*customers, one, header="customer")
        drive = migrations.drive(path)
        plan = drive.call("plan", str(path), "--check", "8", "--json")
        answer = json.loads(plan.stdout)
        assert (plan.returncode, answer["repairs"], answer["toSend"], answer["repeated"]) == (
            0,
            True,
            7,
            1,
        )
        assert answer["sample"]["would_be_applied"] == 2  # repeated rows are not checked
        code, last = migrations.run(path, "--limit", "2")
        assert (code, last["why"]) == (4, "limit")
        assert _counts(last) == {"applied": 1, "already_so": 1, "ambiguous": 1, "pending": 5}
        assert account.charged(one) == card
        code, last = migrations.run(path)
    finally:
        migrations.stage.stripe.configure(auto_create=True)
    assert code == 1
    assert _counts(last) == {"applied": 2, "already_so": 3, "ambiguous": 2, "rejected": 1}
    assert last["codes"] == {"ambiguous_cards": 1, "no_card": 1, "resource_missing": 1}
    assert [account.charged(c) for c in customers[:6]] == [card, None, None, kept, first, good]
    for customer in (one, expired):
        kinds = _effects(migrations, customer)
        assert kinds.count("default_payment_method.set") == 1

    out, undecided = migrations.folder / "out.csv", migrations.folder / "undecided.csv"
    drive.call("report", last["id"], "--csv", str(out), "--undecided", str(undecided))
    rows = list(csv.DictReader(out.open()))
    assert [(row["state"], row["code"], row["card_id"]) for row in rows] == [
        ("applied", "", card),
        ("ambiguous", "ambiguous_cards", ""),
        ("ambiguous", "no_card", ""),
        ("already_so", "unchanged", kept),
        ("already_so", "unchanged", first),
        ("applied", "", good),
        ("rejected", "resource_missing", ""),
        ("already_so", "repeated_row", ""),
    ]
    assert all(id in rows[1]["message"] for id in pair)
    assert old not in {row["card_id"] for row in rows}
    assert {row["userId"] for row in csv.DictReader(undecided.open())} == {several, none}
    elsewhere = Drive(migrations.stage, path, folder=migrations.folder / "elsewhere")
    elsewhere.call("report", last["id"], "--csv", str(migrations.folder / "there.csv"))
    elsewhere.close()
    assert (migrations.folder / "there.csv").read_text() == out.read_text()
    assert drive.call("verify", last["id"], "--sample", "8").returncode == 0
    undone = drive.call(
        "undo", last["id"], "--output", str(migrations.folder / "undo.csv"), "--json"
    )
    assert json.loads(undone.stdout)["had_none"] == 2


def test_a_default_chosen_meanwhile_stays(migrations: Migrations, account: Account) -> None:
    """The customer chose a card in the other slot between read and write: it stays."""
    customer = account.customer()
    card = account.card(customer)
    stripe = migrations.stage.stripe
    path = migrations.file(customer, header="customer")
    source = open_input(path)
    run = Run(source, map_columns(source), Conditions())
    run.enter(migrations.registry)
    began = len(stripe.requests())
    # The repair reads customer and payment methods; the worker then looks at the customer anew.
    reading = stripe.add_fault("stall", path="/payment_methods$", customer=customer)
    with migrations.results(run) as results:
        driver = run.driver(migrations.registry, results)
        driving = Driving(driver)
        try:
            stripe.wait_for_hits(reading, 1, 30)
            wait_until(
                lambda: [
                    one
                    for one in stripe.requests()[began:]
                    if one["path"] == f"/v1/customers/{customer}" and one["status"] == 200
                ],
                "the customer was not read",
            )
            look = stripe.add_fault(
                "stall", method="GET", path=f"/customers/{customer}$", customer=customer
            )
            stripe.release(reading)
            stripe.wait_for_hits(look, 1, 30)
            chosen = account.source(customer)
            stripe.release(look)
            assert driving.wait() is Ended.FINISHED
        finally:
            stripe.clear_faults()
            driver.stop()
        assert results[1].code == "drifted"
    assert account.charged(customer) == chosen
    assert card not in [one["object"] for one in stripe.effects(kind="default_payment_method.set")]


def test_unreadable_customers_are_read_again(migrations: Migrations, account: Account) -> None:
    """While Stripe fails nothing is decided and nothing is lost; then the repair continues."""
    customer = account.customer()
    card = account.card(customer)
    migrations.stage.stripe.add_fault(
        "status", method="GET", path="/payment_methods$", customer=customer, status=500, times=2
    )
    path = migrations.file(customer, header="customer")
    code, last = migrations.run(path)
    assert (code, _counts(last)) == (0, {"applied": 1})
    assert account.charged(customer) == card


def test_a_repair_is_known_by_its_id(migrations: Migrations, account: Account) -> None:
    """A driver needs only a repair's id."""
    customer = account.customer()
    card = account.card(customer)
    path = migrations.file(customer, header="customer")
    source = open_input(path)
    run = Run(source, map_columns(source), Conditions(), blind=True)
    run.enter(migrations.registry)
    again = reopened(migrations.registry, run.id)
    assert again.mapping.repairs
    with migrations.results(run) as results:
        assert Driving(again.driver(migrations.registry, results)).wait() is Ended.FINISHED
        assert (results[1].card_id, results[1].before) == (card, "")
    assert account.charged(customer) == card

"""The history checker finds what is planted, and leaves alone what is legal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chaos.check.checker import check
from chaos.check.report import Fault, Report
from chaos.history import ASSIGN, SET_DEFAULT
from tests.chaos.histories import CARD_A, CARD_B, CUSTOMER, Story


def found(story: Story) -> dict[Fault, set[str]]:
    """The commands concerned, by what was found."""
    by_fault: dict[Fault, set[str]] = {}
    for finding in check(story.history).findings:
        by_fault.setdefault(finding.fault, set()).update(finding.ids)
    return by_fault


def clean(story: Story) -> Report:
    report = check(story.history)
    assert report.good, report.table()
    return report


# What is legal.


def test_a_plain_run_is_good() -> None:
    """Commands that succeed one after the other, and one that is rightly rejected, pass."""
    story = Story()
    story.assign("a")
    story.done("a")
    story.set_default("b")
    story.told("b", "queued")
    story.told("b", "running")
    story.done("b")
    story.told("b", "succeeded", superseded_by=None)
    story.assign("c", "tok_chargeDeclined", doable=False)
    story.request("c", status=402)
    story.told("c", "rejected")
    report = clean(story)
    assert report.accepted == 3
    assert report.ended == {"succeeded": 2, "rejected": 1}
    assert (report.effects, report.requests, report.not_accepted) == (2, 3, 0)


def test_commands_accepted_at_the_same_time_may_take_effect_in_any_order() -> None:
    """Where neither was answered before the other was sent, nobody knows an order."""
    story = Story()
    story.together(("a", ASSIGN, "tok_a"), ("b", SET_DEFAULT, CARD_B), ("c", ASSIGN, "tok_c"))
    for id in ("c", "b", "a"):
        story.done(id)
    clean(story)


def test_customers_have_no_order_between_them() -> None:
    """The order of acceptance binds the commands of one customer only."""
    story = Story()
    story.assign("a")
    story.assign("b", customer="cus_2")
    story.effect("b", customer="cus_2")
    story.told("b", "succeeded")
    story.done("a")
    clean(story)


def test_a_superseded_command_without_effect_is_good() -> None:
    """A default that a newer one of its slot replaced before it was done passes."""
    story = Story()
    story.set_default("old", CARD_A)
    story.told("old", "retrying")
    story.set_default("new", CARD_B)
    story.done("new")
    story.told("old", "superseded", superseded_by="new")
    story.told("old", "superseded", via="post")
    clean(story)


def test_a_command_superseded_by_one_that_nobody_was_told_of_is_good() -> None:
    """A newer command whose caller got no answer may be the one that was applied."""
    story = Story()
    story.set_default("old", CARD_A)
    story.send(story.order(SET_DEFAULT, CARD_B), "silent")
    story.effect("new", object=CARD_B, kind="default_source.set")
    story.told("old", "superseded", superseded_by="new")
    report = clean(story)
    assert (report.refused_but_done, report.not_accepted) == (1, 1)


def test_unknown_that_becomes_succeeded_is_good() -> None:
    """While it is being found out, an effect may be there already."""
    story = Story()
    story.assign("a")
    story.effect("a")
    story.told("a", "unknown")
    story.request("a", replayed=True)
    story.told("a", "succeeded")
    clean(story)


def test_an_effect_under_a_further_key_is_the_commands_own() -> None:
    """A numbered key counts as the command's, and a first key without effect is no double."""
    story = Story()
    story.assign("a")
    story.request("a", status=500)
    story.effect("a", key="a-2")
    story.told("a", "succeeded")
    clean(story)


def test_a_payment_method_attached_before_is_found_done() -> None:
    """A second AssignCard of an attached payment method succeeds without an effect."""
    story = Story()
    story.assign("a", "pm_1")
    story.done("a")
    story.assign("b", "pm_1")
    story.told("b", "succeeded", shown="pm_1")
    assert clean(story).found_done == 1


def test_a_default_that_was_set_already_is_found_done() -> None:
    """A SetDefaultCard that finds its card the default may succeed without an effect."""
    story = Story()
    story.set_default("a", CARD_A)
    story.told("a", "succeeded")
    assert clean(story).found_done == 1


def test_one_token_of_two_orders_goes_to_one_of_them() -> None:
    """The other is rightly rejected, whichever it is."""
    story = Story()
    story.assign("a", "tok_shared")
    story.assign("b", "tok_shared", customer="cus_2")
    story.told("a", "rejected")
    story.effect("b", customer="cus_2", object="card_b")
    story.told("b", "succeeded")
    clean(story)


def test_a_repeated_order_with_a_key_is_one_command() -> None:
    """503, no answer, then the same id twice: one command, one effect."""
    story = Story()
    order = story.order(ASSIGN, "tok_a", key="k")
    story.send(order, "unavailable")
    story.send(order, "silent")
    story.send(order, "accepted", "a")
    story.send(order, "accepted", "a")
    story.done("a")
    clean(story)


def test_a_default_of_a_card_whose_assignment_failed_is_rightly_rejected() -> None:
    """Stripe would not have done it: what it needs was not there."""
    story = Story()
    needed = story.order(ASSIGN, "pm_1")
    story.send(needed, "unavailable")
    story.set_default("b", "pm_1", needs=needed.number)
    story.told("b", "rejected")
    clean(story)


def test_replays_and_repetitions_do_not_overlap() -> None:
    """A repetition under the same key, or a late request that is a replay, is no second write."""
    story = Story()
    story.assign("a")
    story.set_default("b")
    began = story.tick()
    story.request("a", started=began, seconds=6.0)  # it stalls after its effect
    story.request("a", started=began + 4.0, seconds=0.1, status=409)
    story.request("a", started=began + 4.5, seconds=0.1, replayed=True)
    story.request("b", started=began + 5.0, seconds=0.5)
    story.request("a", started=began + 5.2, seconds=0.1, replayed=True)
    story.tick(10)
    story.effect("a")
    story.told("a", "succeeded")
    story.effect("b")
    story.told("b", "succeeded")
    assert Fault.OVERLAP not in found(story)


# What is planted.


def test_a_lost_command_is_found() -> None:
    """Accepted, and never said to have ended."""
    story = Story()
    story.assign("a")
    story.assign("b")
    story.told("b", "waiting")
    assert found(story) == {Fault.LOST: {"a", "b"}}


def test_a_card_attached_twice_is_found() -> None:
    """Two sources of one command."""
    story = Story()
    story.assign("a")
    story.effect("a")
    story.effect("a", key="a-2", object="card_again")
    story.told("a", "succeeded")
    assert found(story) == {Fault.DOUBLED: {"a"}}


def test_a_default_set_twice_is_found() -> None:
    """Two effects by the keys of one command, with another's between them or not."""
    story = Story()
    story.set_default("a")
    story.effect("a")
    story.effect("a", key="a-2")
    story.told("a", "succeeded")
    assert found(story) == {Fault.DOUBLED: {"a"}}


def test_one_order_done_as_two_commands_is_found() -> None:
    """A repetition under one idempotency key that became a second command."""
    story = Story()
    order = story.order(ASSIGN, "pm_1", key="k")
    for id in ("a", "b"):
        story.send(order, "accepted", id)
        story.done(id)
    assert found(story)[Fault.DOUBLED] == {"a", "b"}


def test_an_effect_that_nobody_was_told_of_is_found() -> None:
    """An order that was told one id, and took effect under another."""
    story = Story()
    story.assign("a")
    story.done("a")
    story.effect("ghost", object="card_ghost")
    assert found(story) == {Fault.DOUBLED: {"ghost"}}


def test_one_refused_order_accounts_for_one_effect_only() -> None:
    """Two commands for the one order that was answered 503 are one too many."""
    story = Story()
    story.send(story.order(SET_DEFAULT, CARD_B), "unavailable")
    for id in ("x", "y"):
        story.effect(id, object=CARD_B, kind="default_source.set")
    assert found(story) == {Fault.DOUBLED: {"y"}}


def test_an_inversion_is_found() -> None:
    """The first was accepted before the second was sent, and took effect after it."""
    story = Story()
    story.assign("a")
    story.set_default("b")
    story.effect("b")
    story.effect("a")
    story.told("a", "succeeded")
    story.told("b", "succeeded")
    assert found(story) == {Fault.OUT_OF_ORDER: {"a", "b"}}


def test_an_inversion_behind_concurrent_ones_is_found() -> None:
    """The second of an inverted pair need not be the last that was done."""
    story = Story()
    story.set_default("old", CARD_A)
    story.together(("b", SET_DEFAULT, CARD_B), ("c", ASSIGN, "tok_c"))
    for id in ("b", "c", "old"):
        story.effect(id)
    for id in ("b", "c", "old"):
        story.told(id, "succeeded")
    assert set(found(story)) == {Fault.OUT_OF_ORDER}
    assert "old" in found(story)[Fault.OUT_OF_ORDER]


def _succeeded_without_effect(story: Story) -> None:
    story.told(story.assign("a"), "succeeded")


def _default_succeeded_without_effect(story: Story) -> None:
    story.told(story.set_default("a", CARD_B), "succeeded")


def _rejected_with_effect(story: Story) -> None:
    story.effect(story.assign("a", doable=False))
    story.told("a", "rejected")


def _superseded_with_effect(story: Story) -> None:
    story.effect(story.set_default("a"))
    story.done(story.set_default("b"))
    story.told("a", "superseded", superseded_by="b")


def _cancelled_with_effect(story: Story) -> None:
    story.effect(story.assign("a"))
    story.told("a", "cancelled")


def _back_from_an_end(story: Story) -> None:
    story.done(story.assign("a"))
    story.told("a", "running")


def _two_ends(story: Story) -> None:
    story.told(story.assign("a", doable=False), "rejected")
    story.told("a", "cancelled")


def _two_envelopes(story: Story) -> None:
    story.done(story.assign("a"))
    story.told("a", "succeeded", envelope=(True, None, "another"))


def _envelope_against_its_state(story: Story) -> None:
    story.effect(story.assign("a"))
    story.told("a", "succeeded", envelope=(False, "card_declined", "x"))


def _forgotten(story: Story) -> None:
    story.assign("a")
    story.told("a", "absent")
    story.done("a")


def _retrying_although_done(story: Story) -> None:
    story.effect(story.assign("a"))
    story.told("a", "retrying")
    story.told("a", "succeeded")


def _superseded_by_nothing(story: Story) -> None:
    story.told(story.set_default("a"), "superseded", superseded_by=None)


def _superseded_by_one_not_applied(story: Story) -> None:
    story.set_default("a")
    story.told(story.set_default("b", doable=False), "rejected")
    story.told("a", "superseded", superseded_by="b")


def _superseded_by_another_slot(story: Story) -> None:
    story.assign("p", "pm_1")
    story.done("p")
    story.set_default("a", CARD_B)
    story.done(story.set_default("b", "pm_1"))
    story.told("a", "superseded", superseded_by="b")


def _superseded_by_an_older_one(story: Story) -> None:
    story.done(story.set_default("old", CARD_A))
    story.told(story.set_default("a", CARD_B), "superseded", superseded_by="old")


def _effect_on_another_customer(story: Story) -> None:
    story.effect(story.assign("a"), customer="cus_2")
    story.told("a", "succeeded")


def _effect_of_another_card(story: Story) -> None:
    story.effect(story.set_default("a", CARD_B), object=CARD_A)
    story.told("a", "succeeded")


def _answer_names_another_card(story: Story) -> None:
    story.effect(story.assign("a"))
    story.told("a", "succeeded", shown="card_other")


def _rejected_what_stripe_would_do(story: Story) -> None:
    story.told(story.assign("a"), "rejected")


def _rejected_for_lack_of_what_was_there(story: Story) -> None:
    story.done(story.assign("p", "pm_1"))
    story.told(story.set_default("a", "pm_1", needs=1), "rejected")


def _said_not_to_be_accepted(story: Story) -> None:
    order = story.order(ASSIGN, "tok_a")
    story.send(order, "unavailable", "a")
    story.effect("a")


def _one_id_for_two_orders(story: Story) -> None:
    story.assign("a", "pm_1")
    story.assign("a", "pm_1")
    story.done("a")


def _an_id_of_nobody(story: Story) -> None:
    story.told("a", "succeeded")


@pytest.mark.parametrize(
    "tell",
    [
        _succeeded_without_effect,
        _default_succeeded_without_effect,
        _rejected_with_effect,
        _superseded_with_effect,
        _cancelled_with_effect,
        _back_from_an_end,
        _two_ends,
        _two_envelopes,
        _envelope_against_its_state,
        _forgotten,
        _retrying_although_done,
        _superseded_by_nothing,
        _superseded_by_one_not_applied,
        _superseded_by_another_slot,
        _superseded_by_an_older_one,
        _effect_on_another_customer,
        _effect_of_another_card,
        _answer_names_another_card,
        _rejected_what_stripe_would_do,
        _rejected_for_lack_of_what_was_there,
        _said_not_to_be_accepted,
        _one_id_for_two_orders,
        _an_id_of_nobody,
    ],
)
def test_a_lie_is_found(tell: Callable[[Story], None]) -> None:
    """Each kind of lie is found, and taken for nothing else."""
    story = Story()
    tell(story)
    untruths = found(story)
    assert "a" in untruths.pop(Fault.UNTRUTHFUL)
    assert not untruths


@pytest.mark.parametrize("done", [True, False])
def test_a_failure_that_stripe_would_have_done_is_found(done: bool) -> None:
    """Given up, though it is done or could have been."""
    story = Story()
    story.assign("a")
    if done:
        story.effect("a")
    story.told("a", "failed")
    assert found(story) == {Fault.FAILED: {"a"}}


def test_overlapping_writes_are_found() -> None:
    """Two requests for different commands of one customer at the same time."""
    story = Story()
    began = story.tick()
    for id, after, seconds in (("a", 0.0, None), ("b", 1.0, 0.5)):
        story.request(id, started=began + after, seconds=seconds)
    story.request("c", customer="cus_2", started=began + 1.0)
    assert found(story) == {Fault.OVERLAP: {"a", "b"}}


def test_an_overlap_behind_a_short_request_is_found() -> None:
    """A long request may be overlapped by one that is not its neighbour."""
    story = Story()
    began = story.tick()
    for id, after, seconds in (("a", 0.0, 5.0), ("a-2", 1.0, 0.5), ("b", 4.0, 0.5)):
        story.request(id, started=began + after, seconds=seconds)
    assert found(story) == {Fault.OVERLAP: {"a", "b"}}


def test_the_longest_takeover_is_measured() -> None:
    """From a kill to the next request of what the worker had at Stripe, or to its end."""
    story = Story()
    story.assign("a")
    story.kill("a", "never-seen-again")
    story.tick(7)
    story.done("a")
    takeover = check(story.history).longest_takeover
    assert takeover == pytest.approx(7.5)


def test_the_table_names_what_is_wrong() -> None:
    """The printed table has every count, and the evidence of each finding."""
    story = Story()
    story.assign("a", customer=CUSTOMER)
    table = check(story.history).table()
    for fault in Fault:
        assert fault.value in table
    assert "! lost: a: accepted" in table

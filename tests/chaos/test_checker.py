"""The history checker finds planted violations, and accepts what is legal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chaos.check.checker import check
from chaos.check.report import Fault, Report
from chaos.history import ASSIGN, SET_DEFAULT
from tests.chaos.histories import CARD_A, CARD_B, CUSTOMER, Story


def found(story: Story) -> dict[Fault, set[str]]:
    """The commands concerned, by kind of violation."""
    by_fault: dict[Fault, set[str]] = {}
    for finding in check(story.history).findings:
        by_fault.setdefault(finding.fault, set()).update(finding.ids)
    return by_fault


def clean(story: Story) -> Report:
    report = check(story.history)
    assert report.good, report.table()
    return report


# Legal histories.


def test_a_plain_run_is_good() -> None:
    """Commands that succeed one after the other, and one that is rightly rejected, pass."""
    story = Story()
    story.assign("a")
    story.done("a")
    story.set_default("b")
    story.observe("b", "queued")
    story.observe("b", "running")
    story.done("b")
    story.observe("b", "succeeded", superseded_by=None)
    story.assign("c", "tok_chargeDeclined", doable=False)
    story.request("c", status=402)
    story.observe("c", "rejected")
    report = clean(story)
    assert report.accepted == 3
    assert report.ended == {"succeeded": 2, "rejected": 1}
    assert (report.effects, report.requests, report.not_accepted) == (2, 3, 0)


def test_commands_accepted_at_the_same_time_may_take_effect_in_any_order() -> None:
    """If neither was answered before the other was sent, they have no order."""
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
    story.observe("b", "succeeded")
    story.done("a")
    clean(story)


def test_a_superseded_command_without_effect_is_good() -> None:
    """A default that a newer one of its slot replaced before it was done passes."""
    story = Story()
    story.set_default("old", CARD_A)
    story.observe("old", "retrying")
    story.set_default("new", CARD_B)
    story.done("new")
    story.observe("old", "superseded", superseded_by="new")
    story.observe("old", "superseded", via="post")
    clean(story)


def test_a_command_superseded_by_one_without_a_known_id_is_good() -> None:
    """A newer command whose caller got no answer may be the one that was applied."""
    story = Story()
    story.set_default("old", CARD_A)
    story.send(story.order(SET_DEFAULT, CARD_B), "silent")
    story.effect("new", object=CARD_B, kind="default_source.set")
    story.observe("old", "superseded", superseded_by="new")
    report = clean(story)
    assert (report.refused_but_done, report.not_accepted) == (1, 1)


def test_unknown_that_becomes_succeeded_is_good() -> None:
    """While a command is unknown, its effect may have happened already."""
    story = Story()
    story.assign("a")
    story.effect("a")
    story.observe("a", "unknown")
    story.request("a", replayed=True)
    story.observe("a", "succeeded")
    clean(story)


def test_an_effect_under_a_further_key_is_the_commands_own() -> None:
    """A numbered key counts as the command's, and a first key without effect is no double."""
    story = Story()
    story.assign("a")
    story.request("a", status=500)
    story.effect("a", key="a-2")
    story.observe("a", "succeeded")
    clean(story)


def test_a_payment_method_attached_before_is_found_done() -> None:
    """A second AssignCard of an attached payment method succeeds without an effect."""
    story = Story()
    story.assign("a", "pm_1")
    story.done("a")
    story.assign("b", "pm_1")
    story.observe("b", "succeeded", shown="pm_1")
    assert clean(story).found_done == 1


def test_a_default_that_was_set_already_is_found_done() -> None:
    """A SetDefaultCard whose card is the default already may succeed without an effect."""
    story = Story()
    story.set_default("a", CARD_A)
    story.observe("a", "succeeded")
    assert clean(story).found_done == 1


def test_one_token_of_two_orders_goes_to_one_of_them() -> None:
    """The other order is rightly rejected, whichever it is."""
    story = Story()
    story.assign("a", "tok_shared")
    story.assign("b", "tok_shared", customer="cus_2")
    story.observe("a", "rejected")
    story.effect("b", customer="cus_2", object="card_b")
    story.observe("b", "succeeded")
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
    """Stripe would not have done it: the card it needs was not attached."""
    story = Story()
    needed = story.order(ASSIGN, "pm_1")
    story.send(needed, "unavailable")
    story.set_default("b", "pm_1", needs=needed.number)
    story.observe("b", "rejected")
    clean(story)


def test_replays_and_repetitions_do_not_overlap() -> None:
    """A repetition under the same key, or a late request that is a replay, is no second write."""
    story = Story()
    story.assign("a")
    story.set_default("b")
    started_at = story.tick()
    story.request("a", started=started_at, seconds=6.0)  # it stalls after its effect
    story.request("a", started=started_at + 4.0, seconds=0.1, status=409)
    story.request("a", started=started_at + 4.5, seconds=0.1, replayed=True)
    story.request("b", started=started_at + 5.0, seconds=0.5)
    story.request("a", started=started_at + 5.2, seconds=0.1, replayed=True)
    story.tick(10)
    story.effect("a")
    story.observe("a", "succeeded")
    story.effect("b")
    story.observe("b", "succeeded")
    assert Fault.OVERLAP not in found(story)


# Planted violations.


def test_a_lost_command_is_found() -> None:
    """Accepted commands whose end was never observed."""
    story = Story()
    story.assign("a")
    story.assign("b")
    story.observe("b", "waiting")
    assert found(story) == {Fault.LOST: {"a", "b"}}


def test_a_card_attached_twice_is_found() -> None:
    """One command attached two sources."""
    story = Story()
    story.assign("a")
    story.effect("a")
    story.effect("a", key="a-2", object="card_again")
    story.observe("a", "succeeded")
    assert found(story) == {Fault.DOUBLED: {"a"}}


def test_a_default_set_twice_is_found() -> None:
    """Two effects under keys of one command."""
    story = Story()
    story.set_default("a")
    story.effect("a")
    story.effect("a", key="a-2")
    story.observe("a", "succeeded")
    assert found(story) == {Fault.DOUBLED: {"a"}}


def test_one_order_done_as_two_commands_is_found() -> None:
    """A repetition under one idempotency key became a second command."""
    story = Story()
    order = story.order(ASSIGN, "pm_1", key="k")
    for id in ("a", "b"):
        story.send(order, "accepted", id)
        story.done(id)
    assert found(story)[Fault.DOUBLED] == {"a", "b"}


def test_an_effect_of_an_unknown_command_is_found() -> None:
    """An order got one id, and took effect under another."""
    story = Story()
    story.assign("a")
    story.done("a")
    story.effect("ghost", object="card_ghost")
    assert found(story) == {Fault.DOUBLED: {"ghost"}}


def test_one_refused_order_accounts_for_one_effect_only() -> None:
    """Two effects for one order that was answered 503 are one too many."""
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
    story.observe("a", "succeeded")
    story.observe("b", "succeeded")
    assert found(story) == {Fault.OUT_OF_ORDER: {"a", "b"}}


def test_an_inversion_behind_concurrent_ones_is_found() -> None:
    """The second of an inverted pair need not be the last that was done."""
    story = Story()
    story.set_default("old", CARD_A)
    story.together(("b", SET_DEFAULT, CARD_B), ("c", ASSIGN, "tok_c"))
    for id in ("b", "c", "old"):
        story.effect(id)
    for id in ("b", "c", "old"):
        story.observe(id, "succeeded")
    assert set(found(story)) == {Fault.OUT_OF_ORDER}
    assert "old" in found(story)[Fault.OUT_OF_ORDER]


def _succeeded_without_effect(story: Story) -> None:
    story.observe(story.assign("a"), "succeeded")


def _default_succeeded_without_effect(story: Story) -> None:
    story.observe(story.set_default("a", CARD_B), "succeeded")


def _rejected_with_effect(story: Story) -> None:
    story.effect(story.assign("a", doable=False))
    story.observe("a", "rejected")


def _superseded_with_effect(story: Story) -> None:
    story.effect(story.set_default("a"))
    story.done(story.set_default("b"))
    story.observe("a", "superseded", superseded_by="b")


def _cancelled_with_effect(story: Story) -> None:
    story.effect(story.assign("a"))
    story.observe("a", "cancelled")


def _back_from_an_end(story: Story) -> None:
    story.done(story.assign("a"))
    story.observe("a", "running")


def _two_ends(story: Story) -> None:
    story.observe(story.assign("a", doable=False), "rejected")
    story.observe("a", "cancelled")


def _two_envelopes(story: Story) -> None:
    story.done(story.assign("a"))
    story.observe("a", "succeeded", envelope=(True, None, "another"))


def _envelope_against_its_state(story: Story) -> None:
    story.effect(story.assign("a"))
    story.observe("a", "succeeded", envelope=(False, "card_declined", "x"))


def _forgotten(story: Story) -> None:
    story.assign("a")
    story.observe("a", "absent")
    story.done("a")


def _retrying_although_done(story: Story) -> None:
    story.effect(story.assign("a"))
    story.observe("a", "retrying")
    story.observe("a", "succeeded")


def _superseded_by_nothing(story: Story) -> None:
    story.observe(story.set_default("a"), "superseded", superseded_by=None)


def _superseded_by_one_not_applied(story: Story) -> None:
    story.set_default("a")
    story.observe(story.set_default("b", doable=False), "rejected")
    story.observe("a", "superseded", superseded_by="b")


def _superseded_by_another_slot(story: Story) -> None:
    story.assign("p", "pm_1")
    story.done("p")
    story.set_default("a", CARD_B)
    story.done(story.set_default("b", "pm_1"))
    story.observe("a", "superseded", superseded_by="b")


def _superseded_by_an_older_one(story: Story) -> None:
    story.done(story.set_default("old", CARD_A))
    story.observe(story.set_default("a", CARD_B), "superseded", superseded_by="old")


def _effect_on_another_customer(story: Story) -> None:
    story.effect(story.assign("a"), customer="cus_2")
    story.observe("a", "succeeded")


def _effect_of_another_card(story: Story) -> None:
    story.effect(story.set_default("a", CARD_B), object=CARD_A)
    story.observe("a", "succeeded")


def _answer_names_another_card(story: Story) -> None:
    story.effect(story.assign("a"))
    story.observe("a", "succeeded", shown="card_other")


def _rejected_what_stripe_would_do(story: Story) -> None:
    story.observe(story.assign("a"), "rejected")


def _rejected_for_lack_of_what_was_there(story: Story) -> None:
    story.done(story.assign("p", "pm_1"))
    story.observe(story.set_default("a", "pm_1", needs=1), "rejected")


def _said_not_to_be_accepted(story: Story) -> None:
    order = story.order(ASSIGN, "tok_a")
    story.send(order, "unavailable", "a")
    story.effect("a")


def _one_id_for_two_orders(story: Story) -> None:
    story.assign("a", "pm_1")
    story.assign("a", "pm_1")
    story.done("a")


def _an_id_of_nobody(story: Story) -> None:
    story.observe("a", "succeeded")


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
def test_an_untruth_is_found(tell: Callable[[Story], None]) -> None:
    """Each kind of untruth is found, and mistaken for no other violation."""
    story = Story()
    tell(story)
    untruths = found(story)
    assert "a" in untruths.pop(Fault.UNTRUTHFUL)
    assert not untruths


@pytest.mark.parametrize("done", [True, False])
def test_a_failure_that_stripe_would_have_done_is_found(done: bool) -> None:
    """The command failed, though it is done or could have been."""
    story = Story()
    story.assign("a")
    if done:
        story.effect("a")
    story.observe("a", "failed")
    assert found(story) == {Fault.FAILED: {"a"}}


def test_overlapping_writes_are_found() -> None:
    """Two requests for different commands of one customer at the same time."""
    story = Story()
    started_at = story.tick()
    for id, after, seconds in (("a", 0.0, None), ("b", 1.0, 0.5)):
        story.request(id, started=started_at + after, seconds=seconds)
    story.request("c", customer="cus_2", started=started_at + 1.0)
    assert found(story) == {Fault.OVERLAP: {"a", "b"}}


def test_an_overlap_behind_a_short_request_is_found() -> None:
    """A long request may be overlapped by one that is not its neighbour."""
    story = Story()
    started_at = story.tick()
    for id, after, seconds in (("a", 0.0, 5.0), ("a-2", 1.0, 0.5), ("b", 4.0, 0.5)):
        story.request(id, started=started_at + after, seconds=seconds)
    assert found(story) == {Fault.OVERLAP: {"a", "b"}}


def test_the_longest_takeover_is_measured() -> None:
    """From a kill to the next request of a command the worker had at Stripe, or to its end."""
    story = Story()
    story.assign("a")
    story.kill("a", "never-seen-again")
    story.tick(7)
    story.done("a")
    takeover = check(story.history).longest_takeover
    assert takeover == pytest.approx(7.5)


def test_the_table_names_every_violation() -> None:
    """The printed table has every count, and the evidence of each finding."""
    story = Story()
    story.assign("a", customer=CUSTOMER)
    table = check(story.history).table()
    for fault in Fault:
        assert fault.value in table
    assert "! lost: a: accepted" in table

"""The limiter's script in virtual time: the limit holds, and each lane gets its share."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.simulation.limiter import LuaLimiter
from producer.contract import Lane
from producer.journal import UNLIMITED, Limits
from producer.journal.redis.endpoints import Endpoint
from tests.model.mini_redis import Answer, MiniRedis, Scripts
from tests.unit.journal.asking import Asker, Span, busiest, sent_by, within

END_MS = 12_000.0
_LONG_MS = 300_000.0
FLOOD = [Span(0, END_MS)]
RATES = [25, 50, 100]


def _lanes(bulk: list[Span], interactive: list[Span]) -> list[Asker]:
    return [Asker("bulk", Lane.BULK, bulk), Asker("interactive", Lane.INTERACTIVE, interactive)]


@st.composite
def _patterns(draw: st.DrawFn) -> list[Span]:
    """Sequences of floods, trickles and pauses."""
    spans, time = [], 0.0
    while time < END_MS:
        time += draw(st.sampled_from([0, 100, 500, 1500, 4000]))
        length = draw(st.sampled_from([50, 300, 800, 2000, 5000]))
        spans.append(Span(time, time + length, draw(st.sampled_from([0, 20, 60, 200, 210]))))
        time += length
    return spans


@settings(max_examples=60, deadline=None)
@given(rate=st.sampled_from(RATES), bulk=_patterns(), interactive=_patterns())
def test_no_second_exceeds_the_limit(rate: int, bulk: list[Span], interactive: list[Span]) -> None:
    """Whatever both lanes request, no second has more than the limit plus 5 %."""
    limiter = LuaLimiter(Limits(account=rate))
    assert busiest(sent_by(limiter, _lanes(bulk, interactive))) <= rate * 1.05


@settings(max_examples=30, deadline=None)
@given(bulk=_patterns(), interactive=_patterns())
def test_limits_of_endpoints_and_account_both_hold(
    bulk: list[Span], interactive: list[Span]
) -> None:
    """Six endpoints used at once stay within 25 a second each, and 100 together."""
    askers = [
        Asker(f"{lane} {endpoint}", lane, spans, endpoint)
        for lane, spans in ((Lane.BULK, bulk), (Lane.INTERACTIVE, interactive))
        for endpoint in list(Endpoint)[:6]
    ]
    sent = sent_by(LuaLimiter(Limits(account=100, endpoint=25)), askers)
    assert busiest(sent) <= 105
    for endpoint in Endpoint:
        own = {name: times for name, times in sent.items() if name.endswith(endpoint)}
        assert busiest(own) <= 26.25


@pytest.mark.parametrize("seed", range(3))
def test_one_scope_does_not_crowd_another(seed: int) -> None:
    """What the account's line puts off is not sent together with what comes next at the endpoint.

    Five minutes of two floods at two endpoints, with interactive requests at random.
    """
    chance, askers = Random(seed), list[Asker]()
    for endpoint in (Endpoint.DEFAULT, Endpoint.SOURCE):
        moments = [Span(at, at + 0.5, 1) for at in sorted(_moments(chance, count=1000))]
        askers += [
            Asker(f"bulk {endpoint}", Lane.BULK, [Span(0, _LONG_MS)], endpoint),
            Asker(f"interactive {endpoint}", Lane.INTERACTIVE, moments, endpoint),
        ]
    sent = sent_by(LuaLimiter(Limits(account=100, endpoint=25)), askers, seed=seed)
    for endpoint in (Endpoint.DEFAULT, Endpoint.SOURCE):
        own = {name: times for name, times in sent.items() if name.endswith(endpoint)}
        assert busiest(own) <= 26.25


def _moments(chance: Random, count: int) -> list[float]:
    return [chance.uniform(0, _LONG_MS) for _ in range(count)]


def test_one_endpoint_does_not_delay_another() -> None:
    """Floods at four endpoints of 25 use the account's 100; a flood at one gets its 25."""
    for endpoints in (list(Endpoint)[:4], list(Endpoint)[:1]):
        askers = [Asker(one, Lane.BULK, FLOOD, one) for one in endpoints]
        sent = sent_by(LuaLimiter(Limits(account=100, endpoint=25)), askers)
        for times in sent.values():
            assert within(times, 1000, 11_000) >= 250 * 0.95
        assert sum(within(times, 1000, 11_000) for times in sent.values()) >= 239 * len(endpoints)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_one_worker_uses_every_endpoint(count: int) -> None:
    """A busy worker that asks late gets 97 % of each endpoint's 25, below 100 in all."""
    endpoints = list(Endpoint)[:count]
    askers = [Asker(one, Lane.BULK, FLOOD, one) for one in endpoints]
    sent = sent_by(LuaLimiter(Limits(account=100, endpoint=25)), askers, late=35)
    for times in sent.values():
        assert within(times, 1000, 11_000) >= 250 * 0.97


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("lane", list(Lane))
def test_a_lane_uses_what_the_other_leaves(rate: int, lane: Lane) -> None:
    """Alone, either lane gets at least 97 % of the limit."""
    sent = sent_by(LuaLimiter(Limits(account=rate)), [Asker("one", lane, FLOOD)])
    assert within(sent["one"], 1000, 11_000) >= 10 * rate * 0.97


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("gap", [200, 1000])
def test_both_lanes_together_use_the_limit(rate: int, gap: int) -> None:
    """With interactive requests in a bulk flood at least 97 % of the limit is used."""
    spans = [Span(at, at + 0.5, 1) for at in range(1000, int(END_MS), gap)]
    sent = sent_by(LuaLimiter(Limits(account=rate)), _lanes(FLOOD, spans))
    assert sum(within(times, 2000, 11_000) for times in sent.values()) >= 9 * rate * 0.97


@pytest.mark.parametrize("rate", RATES)
def test_a_place_asked_for_a_little_late_is_not_lost(rate: int) -> None:
    """A caller that is always 9 ms late gets as many places as a punctual one."""
    limiter, gap = LuaLimiter(Limits(account=rate)), 1000 / (rate * 0.975)
    late = [
        limiter.book(Lane.BULK, Endpoint.DEFAULT, number * gap + 9 * (number > 0)).at
        for number in range(rate)
    ]
    assert late[-1] == pytest.approx((rate - 1) * gap + 9)


def test_a_small_interactive_burst_is_sent_at_once() -> None:
    """In a bulk flood two requests are sent at once at 100/s; 25/s leaves no room for that."""
    for rate, together in ((25, 1), (100, 2)):
        sent = sent_by(LuaLimiter(Limits(account=rate)), _lanes(FLOOD, [Span(5000, 5000.5, 0.1)]))
        assert sum(at < 5001 for at in sent["interactive"]) == together


@pytest.mark.parametrize("rate", RATES)
def test_the_interactive_share_is_available_at_once(rate: int) -> None:
    """In a bulk flood the first interactive request is sent at once."""
    limiter = LuaLimiter(Limits(account=rate))
    sent = sent_by(limiter, _lanes(FLOOD, [Span(5000, 5001, 10)]))
    assert sent["interactive"] == [5000]


@pytest.mark.parametrize("rate", RATES)
def test_the_interactive_share_is_kept_in_a_bulk_flood(rate: int) -> None:
    """Interactive requests at a fifth of the limit are sent at once."""
    gap = 1000 / (rate * 0.2)
    limiter = LuaLimiter(Limits(account=rate))
    due = [5000 + gap * number for number in range(int(5000 / gap))]
    spans = [Span(at, at + 0.5, 1) for at in due]
    sent = sent_by(limiter, _lanes(FLOOD, spans))["interactive"]
    assert len(sent) == len(due)
    assert max(at - wanted for at, wanted in zip(sent, due, strict=True)) < 1


@pytest.mark.parametrize("rate", RATES)
def test_beyond_its_share_interactive_waits_for_bulk_bookings(rate: int) -> None:
    """At two fifths of the limit interactive requests wait little longer than bulk books ahead."""
    gap = 1000 / (rate * 0.4)
    limiter = LuaLimiter(Limits(account=rate))
    due = [5000 + gap * number for number in range(int(5000 / gap))]
    spans = [Span(at, at + 0.5, 1) for at in due]
    sent = sent_by(limiter, _lanes(FLOOD, spans))["interactive"]
    assert len(sent) == len(due)
    assert max(at - wanted for at, wanted in zip(sent, due, strict=True)) <= 250


@pytest.mark.parametrize("rate", RATES)
def test_the_bulk_lane_keeps_its_share(rate: int) -> None:
    """In an interactive flood the bulk lane gets its tenth, and interactive the rest."""
    sent = sent_by(LuaLimiter(Limits(account=rate)), _lanes(FLOOD, FLOOD))
    assert within(sent["bulk"], 2000, 12_000) >= rate - 1
    assert within(sent["interactive"], 2000, 12_000) >= 10 * rate * 0.97 * 0.85


def test_the_shares_are_settings() -> None:
    """With a bulk share of 30 % the bulk lane gets that."""
    limiter = LuaLimiter(Limits(account=100, interactive=0.5, bulk=0.3))
    sent = sent_by(limiter, _lanes(FLOOD, FLOOD))
    assert 280 <= within(sent["bulk"], 2000, 12_000) <= 330


def test_two_workers_share_evenly() -> None:
    """Two workers that ask at the given times get about the same."""
    askers = [Asker(name, Lane.BULK, [Span(0, 60_000)]) for name in ("one", "two")]
    sent = sent_by(LuaLimiter(Limits(account=25)), askers, seed=1)
    shares = [len(times) for times in sent.values()]
    assert min(shares) / sum(shares) > 0.4


def test_429s_slow_down_once_a_second() -> None:
    """Simultaneous 429s count as one: to 0.7, and to 0.49 only a second later."""
    limiter = LuaLimiter(Limits(account=100))
    for after in (0, 10, 500, 999):
        limiter.slow_down(10_000 + after)
    assert limiter.factor(10_000) == pytest.approx(0.7)
    limiter.slow_down(11_000)
    assert limiter.factor(11_000) == pytest.approx((0.7 + 0.02) * 0.7, abs=1e-4)


def test_the_rate_recovers() -> None:
    """The rate rises by 0.02 a second, up to the limit."""
    limiter = LuaLimiter(Limits(account=100))
    limiter.slow_down(10_000)
    assert limiter.factor(15_000) == pytest.approx(0.8)
    assert limiter.factor(25_000) == pytest.approx(1.0)
    assert limiter.factor(1_000_000) == 1.0


def test_a_flood_of_429s_does_not_stop_everything() -> None:
    """However often Stripe answers 429, a tenth of the rate is left."""
    limiter = LuaLimiter(Limits(account=100))
    for second in range(60):
        limiter.slow_down(second * 1000)
    assert limiter.factor(59_000) == pytest.approx(0.1)


def test_requests_follow_the_slower_rate() -> None:
    """After a 429 of the account both lanes together send at 0.7 of the limit, rising."""
    limiter = LuaLimiter(Limits(account=100))
    limiter.slow_down(0)
    sent = sent_by(limiter, _lanes(FLOOD, FLOOD))
    times = [time for each in sent.values() for time in each]
    assert within(times, 0, 1000) == pytest.approx(100 * 0.71 * 0.975, abs=4)
    assert within(times, 9000, 10_000) == pytest.approx(100 * 0.89 * 0.975, abs=4)


def test_a_429_of_an_endpoint_slows_that_one_only() -> None:
    """Requests to other endpoints keep their rate."""
    limiter = LuaLimiter(Limits(account=0, endpoint=25))
    limiter.slow_down(0, Endpoint.SOURCE)
    askers = [Asker(one, Lane.BULK, FLOOD, one) for one in (Endpoint.SOURCE, Endpoint.DEFAULT)]
    sent = sent_by(limiter, askers)
    assert (
        within(sent[Endpoint.SOURCE], 0, 4000) < 80 < 94 < within(sent[Endpoint.DEFAULT], 0, 4000)
    )


def test_without_a_limit_nothing_waits() -> None:
    """Without a limit all requests are sent at once."""
    limiter = LuaLimiter(UNLIMITED)
    places = [limiter.book(Lane.BULK, Endpoint.DEFAULT, 1000) for _ in range(500)]
    assert {place.at for place in places} == {1000}


class _Clock(MiniRedis):
    """A Redis whose clock the test sets."""

    now_ms = 0

    def call(self, name: str, *args: str) -> Answer:
        if name == "TIME":
            return [str(self.now_ms // 1000), str(self.now_ms % 1000 * 1000)]
        return super().call(name, *args)


def test_the_simulated_limiter_matches_the_script() -> None:
    """The limiter of these tests answers like the script `reserve`, request by request."""
    limits = Limits(account=40, endpoint=25)
    limiter, scripts, redis = LuaLimiter(limits), Scripts(), _Clock()
    for number in range(200):
        redis.now_ms = 1_900_000_000_000 + number * 13
        lane, endpoint = list(Lane)[number % 3 % 2], list(Endpoint)[number % 5]
        args = [lane.value, endpoint.value, limits.argument, 600_000]
        place = limiter.book(lane, endpoint, number * 13, 600_000)
        assert place.at is not None
        waits = int(str(scripts.run("reserve_send_time", args, redis)))
        assert waits == pytest.approx(place.at - number * 13, abs=0.51)

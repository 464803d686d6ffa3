"""Places for connections: in all, for an address, and for those that have sent no head."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest

from producer.http.rejections import Rejection
from producer.http.server.client_limits import ClientLimits
from producer.http.server.connections import Connections


class _Connection:
    def __init__(self) -> None:
        self.ended: Rejection | None = None

    def reject(self, why: Rejection) -> None:
        assert self.ended is None
        self.ended = why


def _ledger(**limits: Any) -> Connections:
    return Connections(ClientLimits(**limits))


def _entered(ledger: Connections, host: str, count: int) -> list[_Connection]:
    made = [_Connection() for _ in range(count)]
    assert {ledger.enter(one, host) for one in made} == {None}
    return made


def test_an_address_has_its_bound_and_others_have_theirs() -> None:
    """One address may use up its own places, not those of another; an end frees a place."""
    ledger = _ledger(per_address=2)
    first, _ = _entered(ledger, "10.0.0.1", 2)
    assert ledger.enter(_Connection(), "10.0.0.1") is Rejection.CONNECTIONS_PER_ADDRESS
    assert ledger.enter(_Connection(), "::ffff:10.0.0.1") is Rejection.CONNECTIONS_PER_ADDRESS
    _entered(ledger, "10.0.0.2", 2)
    ledger.leave(first)
    ledger.leave(first)
    _entered(ledger, "10.0.0.1", 1)
    assert len(ledger) == 4


def test_addresses_of_one_ipv6_network_are_one_client() -> None:
    """A /64 is what one client is given, so changing the rest of the address gains nothing."""
    ledger = _ledger(per_address=2)
    _entered(ledger, "2001:db8::1", 1)
    _entered(ledger, "2001:db8::2", 1)
    assert ledger.enter(_Connection(), "2001:db8::3") is Rejection.CONNECTIONS_PER_ADDRESS
    _entered(ledger, "2001:db8:0:1::1", 1)


def test_a_trusted_proxy_is_bounded_only_in_all() -> None:
    """Its connections are of many clients: neither bound of an address holds for it."""
    ledger = _ledger(
        per_address=1,
        unfinished_per_address=1,
        connections=3,
        proxies=(ip_network("10.0.0.0/8"),),
    )
    for one in _entered(ledger, "10.9.9.9", 3):
        ledger.head_unfinished(one, started=True)
        assert one.ended is None
    _entered(ledger, "10.9.9.9", 1)  # in the place of the longest silent one
    _entered(ledger, "", 1)


def test_of_too_many_heads_without_an_end_the_longest_goes() -> None:
    """The bound ends the one that has kept its head for longest, never one that has sent it."""
    ledger = _ledger(unfinished_per_address=2)
    sent, *slow = _entered(ledger, "10.0.0.1", 4)
    ledger.head_unfinished(sent, started=True)
    ledger.head_finished(sent)
    for one in slow[:2]:
        ledger.head_unfinished(one, started=True)
    assert [one.ended for one in (sent, *slow)] == [None] * 4
    ledger.head_unfinished(slow[2], started=True)
    assert [one.ended for one in slow] == [Rejection.UNFINISHED, None, None]
    assert len(ledger) == 3


def test_those_that_have_sent_nothing_yet_may_be_many() -> None:
    """A client that opens many connections before it sends on any is not taken for a slow one."""
    ledger = _ledger(unfinished_per_address=2)
    silent = _entered(ledger, "10.0.0.1", 1000)
    for one in silent:
        ledger.head_unfinished(one, started=False)
    for one in silent[:2]:
        ledger.head_unfinished(one, started=True)
    assert {one.ended for one in silent} == {None}
    ledger.head_unfinished(silent[2], started=True)
    assert silent[0].ended is Rejection.UNFINISHED


@pytest.mark.parametrize("bound", ["connections", "per_address"])
def test_a_new_connection_takes_a_silent_ones_place(bound: str) -> None:
    """Where there is no place, silent ones make room; where none is silent, there is none."""
    ledger = _ledger(**{bound: 2})
    busy, silent = _entered(ledger, "10.0.0.1", 2)
    ledger.head_unfinished(silent, started=False)
    _entered(ledger, "10.0.0.1", 1)
    assert (busy.ended, silent.ended) == (None, Rejection.UNFINISHED)
    refused = ledger.enter(_Connection(), "10.0.0.1")
    assert refused in (Rejection.CONNECTIONS, Rejection.CONNECTIONS_PER_ADDRESS)
    assert len(ledger) == 2

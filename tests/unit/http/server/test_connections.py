"""Limits of connections: overall, by address, and of those without a complete head."""

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


def test_each_address_has_its_own_limit() -> None:
    """An address can exhaust its own limit only; a closed connection frees a place."""
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
    """One client owns a /64, so changing the rest of its address gains nothing."""
    ledger = _ledger(per_address=2)
    _entered(ledger, "2001:db8::1", 1)
    _entered(ledger, "2001:db8::2", 1)
    assert ledger.enter(_Connection(), "2001:db8::3") is Rejection.CONNECTIONS_PER_ADDRESS
    _entered(ledger, "2001:db8:0:1::1", 1)


def test_a_trusted_proxy_has_only_the_overall_limit() -> None:
    """A proxy's connections belong to many clients, so no limit by address applies."""
    ledger = _ledger(
        per_address=1,
        unfinished_per_address=1,
        connections=3,
        proxies=(ip_network("10.0.0.0/8"),),
    )
    for one in _entered(ledger, "10.9.9.9", 3):
        ledger.head_unfinished(one, started=True)
        assert one.ended is None
    _entered(ledger, "10.9.9.9", 1)  # in the place of the oldest silent one
    _entered(ledger, "", 1)


def test_of_too_many_unfinished_heads_the_oldest_is_closed() -> None:
    """The limit closes the oldest unfinished head, never a connection with a complete one."""
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


def test_silent_connections_have_no_limit_by_address() -> None:
    """A client that opens many connections before sending on any is not mistaken for a slow one."""
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
def test_a_new_connection_replaces_a_silent_one(bound: str) -> None:
    """If there is no place, a silent connection makes room; if none is silent, none does."""
    ledger = _ledger(**{bound: 2})
    busy, silent = _entered(ledger, "10.0.0.1", 2)
    ledger.head_unfinished(silent, started=False)
    _entered(ledger, "10.0.0.1", 1)
    assert (busy.ended, silent.ended) == (None, Rejection.UNFINISHED)
    refused = ledger.enter(_Connection(), "10.0.0.1")
    assert refused in (Rejection.CONNECTIONS, Rejection.CONNECTIONS_PER_ADDRESS)
    assert len(ledger) == 2

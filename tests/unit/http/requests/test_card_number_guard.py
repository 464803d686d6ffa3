"""Card numbers are found in headers, paths and queries; generated ids are not mistaken for them."""

from __future__ import annotations

import hashlib

import pytest

from producer.contract import CardNumberRefused
from producer.contract.card_data.card_numbers import looks_like_card_number
from producer.http.requests.card_number_guard import refuse_card_number, refuse_card_number_in_query

# They contain runs of digits that pass Luhn.
_UNLUCKY_UUID = "a4242424-2424-2424-2abc-0123456789ab"


@pytest.mark.parametrize(
    "text",
    [
        "4242424242424242",
        "order 4242 4242 4242 4242",
        "k-5555555555554444",
        "4242_4242_4242_4242",
        "4242\u20094242\u20094242\u20094242",
        "４２４２４２４２４２４２４２４２".encode().decode("latin-1"),
        "4242\xa04242\xa04242\xa04242".encode().decode("latin-1"),
    ],
)
def test_a_card_number_is_refused_without_being_repeated(text: str) -> None:
    """The refusal names the field and does not repeat the number."""
    with pytest.raises(CardNumberRefused) as refused:
        refuse_card_number(text, "Idempotency-Key")
    assert "Idempotency-Key" in refused.value.message("es")
    assert "4242" not in refused.value.message("es") + str(refused.value)


def test_generated_keys_pass() -> None:
    """UUIDs and digests pass, alone or with a prefix, whatever their digits."""
    assert looks_like_card_number(_UNLUCKY_UUID)
    refuse_card_number(_UNLUCKY_UUID, "Idempotency-Key")
    refuse_card_number(f"assign:{_UNLUCKY_UUID}", "Idempotency-Key")
    for number in range(2000):
        refuse_card_number(hashlib.sha256(str(number).encode()).hexdigest(), "Idempotency-Key")


@pytest.mark.parametrize(
    "query",
    [
        b"wait=4242424242424242",
        b"4242424242424242=1",
        b"x=4242%204242+42424242",
        b"cvc=1",
        b"x=4242%C2%A04242%C2%A042424242",
        "x=\uff14\uff12\uff14\uff12".encode() + b"-4242" * 3,
        b"x=4242_4242_4242_4242",
    ],
)
def test_card_data_in_a_query_is_refused(query: bytes) -> None:
    """Names and values of parameters are decoded before the check."""
    with pytest.raises(CardNumberRefused):
        refuse_card_number_in_query(query)


def test_an_ordinary_query_passes() -> None:
    """Small numbers are not mistaken for CVCs."""
    refuse_card_number_in_query(b"wait=100&page=1234")

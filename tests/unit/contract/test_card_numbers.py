"""Card numbers and CVCs are recognised wherever they are, and ids pass."""

from __future__ import annotations

from typing import Any

import pytest

from producer.contract.card_data.card_numbers import (
    find_card_data,
    looks_like_card_number,
    mask_card_numbers,
    passes_luhn,
)

# Stripe's documented test numbers (docs: testing).
VISA, AMEX, DINERS = "4242424242424242", "378282246310005", "36227206271667"


@pytest.mark.parametrize("number", [VISA, AMEX, DINERS, "4222222222222", "6304000000000000000"])
def test_documented_lengths_are_recognised(number: str) -> None:
    """13 to 19 digits that pass Luhn are a card number."""
    assert passes_luhn(number)
    assert looks_like_card_number(number)


@pytest.mark.parametrize(
    "text",
    [
        "4242 4242 4242 4242",
        "4242-4242-4242-4242",
        "4242.4242.4242.4242",
        f"{VISA} 123",
        f"{VISA} 12/26",
        f"1 {VISA}",
        f"order 77 {VISA}",
        f"tok_{VISA}",
        f"card={VISA};",
    ],
)
def test_number_is_found_among_other_text(text: str) -> None:
    """Separators, neighbours and prefixes do not hide it, and logs mask it."""
    assert looks_like_card_number(text)
    assert VISA not in mask_card_numbers(text).replace(" ", "").replace("-", "").replace(".", "")


@pytest.mark.parametrize(
    "text",
    [
        "4242424242424241",
        "424242424242",
        "cus_QRs9eKZ4xUzN2TP9",
        "cus_0000000000000018",
        "2026-11-23T11:17:25Z",
        f"{VISA}{VISA}",
    ],
)
def test_ids_and_times_pass(text: str) -> None:
    """A wrong check digit, another length, or a zero-padded id is no card number."""
    assert not looks_like_card_number(text)
    assert mask_card_numbers(text) == text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"source": VISA}, "source"),
        ({"source": int(VISA)}, "source"),
        ({"extra": {"deep": [{"n": VISA}]}}, "n"),
        ({"cvc": "1"}, "cvc"),
        ({"card_cvv2": 123}, "card_cvv2"),
        ({"securityCode": "x"}, "securityCode"),
        ({"note": "123"}, "note"),
        ({VISA: "x"}, "body"),
    ],
)
def test_field_is_named_and_its_value_is_not(body: dict[str, Any], field: str) -> None:
    """The refusal names the field without its value."""
    assert find_card_data(body) == field


@pytest.mark.parametrize("body", [{"userId": 123}, {"cvc": None}, {"a": True, "b": 1.5}, {}])
def test_other_values_are_no_card_data(body: dict[str, Any]) -> None:
    """Short numbers, flags and absent CVCs are not refused."""
    assert find_card_data(body) is None

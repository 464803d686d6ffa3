"""Which tags are accepted, how a header carries them, and how a row stores them."""

from __future__ import annotations

from typing import Any

import pytest

from producer.contract import CardNumberRefused, ParameterInvalid, Refusal
from producer.contract.metadata import (
    metadata_text,
    parse_metadata,
    parse_metadata_header,
    stored_metadata,
)

CARD = "4242424242424242"


@pytest.mark.parametrize(
    "tags",
    [
        {},
        {"batch": "2026-11"},
        {"a_b-c9": "x" * 100},
        {f"tag-{n}": "v" for n in range(10)},
        {"who": "José, ñandú 100 % ✓"},
        {"run": "0f0a3c52-5f5e-4a0f-8c4e-7a3f0f6f1b22"},
        {"at": "2026-11-28 09:01"},
    ],
)
def test_small_tags_are_accepted(tags: dict[str, str]) -> None:
    """Tags are kept unchanged, and stored the same in any order."""
    assert parse_metadata(tags) == tags
    backwards = dict(reversed(tags.items()))
    assert metadata_text(parse_metadata(backwards)) == metadata_text(tags)
    assert stored_metadata(metadata_text(tags)) == tags


def test_no_tags_are_stored_as_nothing() -> None:
    """No tags take no bytes."""
    assert metadata_text({}) == ""
    assert stored_metadata("") == {}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (["batch"], "metadata"),
        ("batch=1", "metadata"),
        ({f"tag{n}": "v" for n in range(11)}, "metadata"),
        ({"BulkMessage": "x"}, "metadata"),
        ({"": "x"}, "metadata"),
        ({"a.b": "x"}, "metadata"),
        ({"x" * 41: "x"}, "metadata"),
        ({1: "x"}, "metadata"),
        ({"batch": 1}, "metadata"),
        ({"batch": {"deep": "x"}}, "metadata"),
        ({"batch": ""}, "metadata.batch"),
        ({"batch": "x" * 101}, "metadata.batch"),
        ({"batch": "a\nb"}, "metadata.batch"),
        ({"batch": "\udc80"}, "metadata.batch"),
        ({"batch": "\u202eabc"}, "metadata.batch"),
        ({f"tag{n}": "ñ" * 100 for n in range(6)}, "metadata"),
    ],
)
def test_other_tags_are_refused(given: Any, field: str) -> None:
    """Too many, too large or malformed tags are refused by name, without their values."""
    with pytest.raises(ParameterInvalid) as refused:
        parse_metadata(given)
    assert refused.value.values == {"field": field}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"note": CARD}, "metadata.note"),
        ({"note": f"card {CARD[:4]}-{CARD[4:8]}-{CARD[8:12]}-{CARD[12:]}"}, "metadata.note"),
        ({"note": "123"}, "metadata.note"),
        ({"cvc": "abc"}, "metadata.cvc"),
        ({CARD: "x"}, "metadata"),
    ],
)
def test_card_data_is_refused(given: dict[str, str], field: str) -> None:
    """Card numbers and CVCs are refused in names and values, and not repeated."""
    with pytest.raises(CardNumberRefused) as refused:
        parse_metadata(given)
    assert refused.value.values == {"field": field}
    assert CARD not in str(refused.value)


@pytest.mark.parametrize(
    "secret",
    [
        "tok_1QRs9eKZ4xUzN2TP9vQqWXYZ",
        "the key sk_live_abcdefgh",
        "rk_test_abcdefgh",
        "sk_org_abcdefgh",
        "whsec_0123456789abcdef",
        "cards_abcdefghijklmnopqrst",
        "Bearer abcdefgh",
    ],
)
def test_tokens_and_keys_are_refused(secret: str) -> None:
    """Tokens and keys are refused by the tag's name, without the value."""
    with pytest.raises(ParameterInvalid, match=r"metadata\.note looks like a token") as refused:
        parse_metadata({"note": secret})
    assert secret not in str(refused.value)


@pytest.mark.parametrize(
    ("values", "tags"),
    [
        ([], {}),
        (["batch=7a"], {"batch": "7a"}),
        ([" batch = 7a ,who=ana"], {"batch": "7a", "who": "ana"}),
        (["batch=7a", "who=ana"], {"batch": "7a", "who": "ana"}),
        (["who=Jos%C3%A9%2C%20100%25"], {"who": "José, 100%"}),
        (["sum=a=b"], {"sum": "a=b"}),
    ],
)
def test_a_header_contains_tags(values: list[str], tags: dict[str, str]) -> None:
    """Tags are separated by commas; other characters are percent-encoded."""
    assert parse_metadata_header(values) == tags


@pytest.mark.parametrize(
    "value",
    [
        *("", "batch", "=x", "batch=", "a=1x,a=2x", "a=%", "a=%4", "a=%FF", "who=José", "A=x"),
        *(f"a={CARD}", f"a=%3{CARD}", "a=1x,,b=2x"),
    ],
)
def test_other_headers_are_refused(value: str) -> None:
    """A malformed header, or one with a card number, is refused without its text."""
    with pytest.raises(Refusal) as refused:
        parse_metadata_header([value])
    assert str(refused.value).startswith("Metadata")
    assert CARD not in str(refused.value)


@pytest.mark.parametrize("stored", ["{", "[]", '{"A":"x"}', '{"a":5}', "[" * 100_000, '"x"'])
def test_a_damaged_row_has_no_tags(stored: str) -> None:
    """A row with damaged tags is read without them."""
    assert stored_metadata(stored) == {}

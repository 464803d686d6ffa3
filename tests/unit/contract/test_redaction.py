"""How tokens and keys are redacted in texts."""

from __future__ import annotations

import pytest

from producer.contract.card_data.redaction import redact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("paid with tok_1Secret.", "paid with tok_***."),
        ("btok_1Secret", "btok_***"),
        ("src_1Secret,src_2Secret", "src_***,src_***"),
        ("key=sk_live_Secret", "key=sk_live_***"),
        ("sk_test_Secret rk_live_Secret rk_test_Secret", "sk_test_*** rk_live_*** rk_test_***"),
        ("whsec_c2VjcmV0+/c=", "whsec_***"),
        ("cards_0123456789abcdef01", "cards_***"),
        ("cards_http_requests_total", "cards_http_requests_total"),
        ("authorization: Bearer abc.def", "authorization: Bearer ***"),
        ("BEARER abc", "BEARER ***"),
        ("pm_1 of cus_1 under req_1", "pm_1 of cus_1 under req_1"),
        ("", ""),
    ],
)
def test_only_what_opens_something_is_cut(text: str, shown: str) -> None:
    """Each kind of secret is cut to its prefix, in any place; ids that open nothing stay."""
    assert redact(text) == shown
    assert redact(f"ñ {text}\n") == f"ñ {shown}\n"

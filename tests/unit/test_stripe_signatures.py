"""Our check of `Stripe-Signature` agrees with the SDK's, so that they cannot drift."""

from __future__ import annotations

import json
import time

import pytest
import stripe
from hypothesis import given
from hypothesis import strategies as st

from producer.contract.card_data.redaction import redact
from producer.security.command_signatures import Flaw
from producer.security.stripe_signatures import TOLERANCE_S, WebhookSecrets
from producer.settings import SettingsError, WebSettings

_A, _B = "whsec_aaaaaaaaaaaaaaaa0001", "whsec_bbbbbbbbbbbbbbbb0002"
_EVENT = json.dumps({"id": "evt_1", "object": "event", "type": "customer.updated", "n": "ñ"})
_generate = stripe.WebhookSignature.generate_signature_header
_SECRETS = WebhookSecrets.of(_A)


def _flaw(header: str, payload: bytes, secrets: WebhookSecrets = _SECRETS) -> Flaw | None:
    return secrets.flaw([header], payload, now_s=time.time())


def _sdk_takes(header: str, payload: bytes) -> bool:
    try:
        stripe.Webhook.construct_event(payload, header, _A, tolerance=TOLERANCE_S)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False
    return True


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_the_sdks_signatures_are_accepted(text: str) -> None:
    """Any text signed by the SDK now is accepted; with one byte more it is not."""
    header = _generate(text, _A)
    assert _flaw(header, text.encode()) is None
    assert _flaw(header, text.encode() + b" ") is Flaw.INVALID


@pytest.mark.parametrize("age_s", [0, TOLERANCE_S - 30, TOLERANCE_S + 30, -TOLERANCE_S - 30])
def test_the_same_age_is_too_old(age_s: int) -> None:
    """The tolerance is the SDK's; both accept a time ahead of ours."""
    header = _generate(_EVENT, _A, int(time.time()) - age_s)
    taken = _sdk_takes(header, _EVENT.encode())
    assert _flaw(header, _EVENT.encode()) is (None if taken else Flaw.STALE)
    assert taken is (age_s < TOLERANCE_S)


def _code(header: str) -> str:
    return header.partition("v1=")[2]


def test_forms_of_the_header() -> None:
    """Several signatures and schemes, in any order: both accept a header, or neither."""
    good, other = _generate(_EVENT, _A), _generate(_EVENT, _B)
    at = good.partition(",")[0]
    code, wrong = _code(good), _code(other)
    for header, taken in (
        (good, True),
        (other, False),
        (f"{at},v1={wrong},v1={code}", True),
        (f"{at},v1={code},v1={wrong},v0={wrong}", True),
        (f"v1={code},{at}", True),
        (f"{at},v0={code}", False),
        (f"{at},v1=", False),
        (at, False),
        (f"v1={code}", False),
        (f"t=x,v1={code}", False),
        (f"t=,v1={code}", False),
        (f"{at},v1={code[:-1]}", False),
        (f"{at},v1={code[:-1]}é", False),
        ("", False),
        ("é", False),
    ):
        assert (_flaw(header, _EVENT.encode()) is None) is taken, header
        try:
            found = _sdk_takes(header, _EVENT.encode())
        except TypeError:  # the SDK compares texts, which must be ASCII
            found = False
        assert found is taken, header


@given(st.lists(st.sampled_from(["t", "v1", "v0", "=", ",", "1", "é", " ", "{at}", "{code}"])))
def test_no_header_is_accepted_that_the_sdk_refuses(parts: list[str]) -> None:
    """The SDK accepts every header that we accept."""
    good = _generate(_EVENT, _A)
    header = "".join(parts).format(at=good.partition(",")[0], code=f"v1={_code(good)}")
    if _flaw(header, _EVENT.encode()) is None:
        assert _sdk_takes(header, _EVENT.encode())


def test_a_secret_may_be_replaced() -> None:
    """With two secrets the signatures of both are accepted, and those of a third are not."""
    both = WebhookSecrets.of(_A, _B)
    for secret in (_A, _B):
        assert _flaw(_generate(_EVENT, secret), _EVENT.encode(), both) is None
    third = _generate(_EVENT, "whsec_cccccccccccccccc0003")
    assert _flaw(third, _EVENT.encode(), both) is Flaw.INVALID


def test_without_or_with_two_headers() -> None:
    """No header is missing; two headers are invalid, since Stripe sends one."""
    header = _generate(_EVENT, _A)
    assert _SECRETS.flaw([], _EVENT.encode(), now_s=time.time()) is Flaw.MISSING
    assert _SECRETS.flaw([header] * 2, _EVENT.encode(), now_s=time.time()) is Flaw.INVALID


def test_secrets_are_shown_nowhere() -> None:
    """No repr, error or redacted text shows a secret."""
    environ = {"REDIS_URL": "redis://h/0", "CARDS_STRIPE_WEBHOOK_SECRETS": f"{_A}, {_B}"}
    settings = WebSettings.from_environ(environ)
    assert settings.webhook_secrets.secrets == (_A, _B)
    assert "aaaa" not in repr(settings)
    for wrong in (f"{_A},", f"{_A};{_B}", "whsec_short", "sk_test_aaaaaaaaaaaaaaaaaaaa"):
        environ["CARDS_STRIPE_WEBHOOK_SECRETS"] = wrong
        with pytest.raises(SettingsError, match=r"^CARDS_STRIPE_WEBHOOK_SECRETS must") as error:
            WebSettings.from_environ(environ)
        assert "aaaa" not in str(error.value)
    assert "aaaa" not in redact(f"secret {_A}!")

"""Callbacks are signed by the Standard Webhooks specification."""

from __future__ import annotations

import pytest

from producer.contract.card_data.redaction import redact
from producer.security.standard_webhooks import CallbackSecrets, CallbackSecretsError

_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_OTHER = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+/A="
_MESSAGE = ("msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}')


def test_the_specifications_example() -> None:
    """The published vector's id, time and body give its signature."""
    assert CallbackSecrets.of(_SECRET).headers(*_MESSAGE, now_s=1614265330) == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_each_secret_signs() -> None:
    """Two secrets give two signatures, so that receivers can change theirs at any time."""
    one, other = (
        CallbackSecrets.of(secret).headers(*_MESSAGE, now_s=1)["webhook-signature"]
        for secret in (_SECRET, _OTHER)
    )
    both = CallbackSecrets.from_environ({"CARDS_CALLBACK_SECRETS": f"{_SECRET}, {_OTHER}"})
    assert both.headers(*_MESSAGE, now_s=1)["webhook-signature"] == f"{one} {other}"


@pytest.mark.parametrize(
    "wrong", [",", _SECRET[6:], "whsec_", "whsec_AAAA", "whsec_~" + "A" * 31, f"whsec_{'A' * 100}"]
)
def test_a_wrong_secret_is_not_shown(wrong: str) -> None:
    """A secret must be 24 to 64 bytes in base64; the error names only the setting."""
    with pytest.raises(CallbackSecretsError, match=r"^CARDS_CALLBACK_SECRETS must hold") as error:
        CallbackSecrets.from_environ({"CARDS_CALLBACK_SECRETS": wrong})
    assert "AAAA" not in str(error.value)


def test_secrets_are_redacted() -> None:
    """Secrets are redacted in reprs and in texts."""
    assert "Mf" not in repr(CallbackSecrets.of(_SECRET))
    assert redact(f"({_OTHER})") == "(whsec_***)"

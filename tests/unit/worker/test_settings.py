"""The worker's settings: the defaults of the rate limit, and errors that name the setting."""

from __future__ import annotations

import pytest

from producer.journal import Limits
from producer.settings import SettingsError, WebSettings
from worker.settings import WorkerSettings


def _limits(key: str = "sk_test_x", **environ: str) -> Limits:
    base = {"REDIS_URL": "redis://127.0.0.1:6379/0", "STRIPE_API_KEY": key}
    return WorkerSettings.from_environ({**base, **environ}).limits


@pytest.mark.parametrize(
    ("key", "base", "account", "endpoint"),
    [
        ("sk_live_x", "", 100, 25),
        ("rk_live_x", "https://api.stripe.com", 100, 25),
        ("sk_test_x", "", 25, 25),
        ("rk_test_x", "", 25, 25),
        ("sk_test_x", "http://127.0.0.1:12111", 0, 0),
        ("sk_live_x", "https://stripe.com.example.org", 0, 0),
    ],
)
def test_key_and_address_decide_the_default_limit(
    key: str, base: str, account: float, endpoint: float
) -> None:
    """Live keys have limits of 100 and 25 a second, test keys 25 and 25, a stand-in none."""
    limits = _limits(key, STRIPE_API_BASE=base)
    assert (limits.account, limits.endpoint) == (account, endpoint)
    assert (limits.interactive, limits.bulk) == (0.2, 0.1)


def test_settings_override_the_default_limit() -> None:
    """A setting overrides the default, also 0 for no limit."""
    limits = _limits(
        CARDS_STRIPE_RPS="12.5",
        CARDS_STRIPE_ENDPOINT_RPS="0",
        CARDS_INTERACTIVE_SHARE="50",
        CARDS_BULK_SHARE="30",
    )
    assert limits == Limits(12.5, 0, 0.5, 0.3)
    assert limits.argument == "12.5,0,0.5,0.3"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CARDS_STRIPE_RPS", "many"),
        ("CARDS_STRIPE_RPS", "-1"),
        ("CARDS_STRIPE_RPS", "nan"),
        ("CARDS_STRIPE_ENDPOINT_RPS", "inf"),
        ("CARDS_STRIPE_ENDPOINT_RPS", "0.001"),
        ("CARDS_INTERACTIVE_SHARE", "0"),
        ("CARDS_INTERACTIVE_SHARE", "95"),
        ("CARDS_INTERACTIVE_SHARE", "0.2"),
        ("CARDS_BULK_SHARE", "x"),
        ("CARDS_BULK_SHARE", "85"),
        ("CARDS_CALLBACK_SECRETS", "whsec_short"),
        ("CARDS_CALLBACK_ALLOW_PRIVATE", "maybe"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    """The error is one line that begins with the setting's name."""
    with pytest.raises(SettingsError) as wrong:
        _limits(**{name: value})
    assert str(wrong.value).startswith(name)
    assert "\n" not in str(wrong.value)


def test_an_organisations_key_needs_the_account() -> None:
    """Without the account the error names the setting; with it, settings and log have it."""
    base = {"REDIS_URL": "redis://127.0.0.1:6379/0", "STRIPE_API_KEY": "sk_org_live_hunter2"}
    with pytest.raises(SettingsError, match=r"^CARDS_STRIPE_CONTEXT is not set") as wrong:
        WorkerSettings.from_environ(base)
    assert "hunter2" not in str(wrong.value)
    assert "\n" not in str(wrong.value)
    settings = WorkerSettings.from_environ({**base, "CARDS_STRIPE_CONTEXT": " acct_1/acct_2 "})
    assert settings.stripe_context == "acct_1/acct_2"
    assert settings.stripe_route.endswith("for the account acct_1/acct_2")
    assert (settings.limits.account, "hunter2" in repr(settings)) == (100, False)


@pytest.mark.parametrize("wrong", ["cus_1", "acct_", "acct_1/", "acct_1 acct_2", "acct_1/ca_2"])
def test_a_context_is_an_account(wrong: str) -> None:
    """Any other context is an error that names the setting, for worker and web."""
    environ = {"REDIS_URL": "redis://h/0", "STRIPE_API_KEY": "sk_test_x"}
    for read in (WorkerSettings.from_environ, WebSettings.from_environ):
        with pytest.raises(SettingsError, match=r"^CARDS_STRIPE_CONTEXT must be an account"):
            read({**environ, "CARDS_STRIPE_CONTEXT": wrong})


def test_a_stand_in_on_loopback_needs_neither_proxy_nor_ca() -> None:
    """Wrong proxy and CA settings are ignored if neither is used."""
    settings = WorkerSettings.from_environ(
        {
            "REDIS_URL": "redis://127.0.0.1:6379/0",
            "STRIPE_API_KEY": "sk_test_x",
            "STRIPE_API_BASE": "http://127.0.0.1:12111/",
            "HTTPS_PROXY": "://",
            "http_proxy": "socks5://proxy.test",
            "SSL_CERT_FILE": "/nowhere/ca.pem",
        }
    )
    assert settings.stripe_route == "http://127.0.0.1:12111, without a proxy"


@pytest.mark.parametrize(
    "base", ["api.stripe.com", "ftp://stripe.test", "https://", "https://me:s3cret@x", "http://x:y"]
)
def test_a_wrong_address_is_named(base: str) -> None:
    """Stripe's address must be an http or https URL without a user."""
    with pytest.raises(SettingsError, match=r"^STRIPE_API_BASE must be a URL such as") as caught:
        _limits(STRIPE_API_BASE=base)
    assert "s3cret" not in str(caught.value)

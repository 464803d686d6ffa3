"""Which proxy leads to Stripe, by the usual environment variables."""

from __future__ import annotations

import pytest

from producer.settings import SettingsError
from worker.settings import WorkerSettings
from worker.stripe.proxies import Proxy, proxy_of

STRIPE = "https://api.stripe.com"
PROXY = "http://proxy.test:3128"


@pytest.mark.parametrize(
    ("url", "environ", "expected"),
    [
        (STRIPE, {}, None),
        (STRIPE, {"HTTPS_PROXY": PROXY}, "HTTPS_PROXY"),
        (STRIPE, {"https_proxy": PROXY, "HTTPS_PROXY": "http://other:1"}, "https_proxy"),
        (STRIPE, {"https_proxy": "", "HTTPS_PROXY": PROXY, "ALL_PROXY": PROXY}, None),
        (STRIPE, {"HTTPS_PROXY": " "}, None),
        (STRIPE, {"HTTP_PROXY": PROXY, "http_proxy": PROXY}, None),
        (STRIPE, {"ALL_PROXY": PROXY}, "ALL_PROXY"),
        (STRIPE, {"ALL_PROXY": "socks5://other:1", "HTTPS_PROXY": PROXY}, "HTTPS_PROXY"),
        ("http://stand-in.test", {"HTTPS_PROXY": PROXY}, None),
        ("http://stand-in.test", {"HTTP_PROXY": PROXY}, "HTTP_PROXY"),
        ("http://stand-in.test", {"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, None),
        ("http://stand-in.test", {"http_proxy": PROXY, "REQUEST_METHOD": "GET"}, "http_proxy"),
    ],
)
def test_the_variable_that_counts(url: str, environ: dict[str, str], expected: str | None) -> None:
    """The URL's scheme decides, lower case first; an empty lower-case variable means no proxy."""
    found = proxy_of(environ, url)
    assert (found and found.setting) == expected
    assert found is None or found.url == PROXY


@pytest.mark.parametrize(
    ("url", "no_proxy", "direct"),
    [
        (STRIPE, "*", True),
        (STRIPE, "stripe.com", True),
        (STRIPE, ".stripe.com", True),
        (STRIPE, "*.stripe.com", True),
        (STRIPE, "other.test, API.Stripe.Com", True),
        (STRIPE, "other.test api.stripe.com", True),
        (STRIPE, "api.stripe.com:443", True),
        (STRIPE, "api.stripe.com:8443", False),
        (STRIPE, "ripe.com", False),
        (STRIPE, "stripe.com.test", False),
        (STRIPE, "10.0.0.0/8,,.", False),
        (STRIPE, "", False),
        ("https://stripe.com.:8443", "stripe.com:8443", True),
        ("https://10.1.2.3", "10.0.0.0/8", True),
        ("https://10.1.2.3", "10.1.2.3", True),
        ("https://10.1.2.3:8443", "10.1.2.3:8443", True),
        ("https://11.1.2.3", "10.0.0.0/8", False),
        ("https://110.1.2.3", "10.1.2.3", False),
        ("https://[fd00::1]", "fd00::/8", True),
        ("https://[fd00::1]:8443", "[fd00::1]:8443", True),
        ("https://[fd00::1]", "[fd00::2]", False),
    ],
)
def test_what_needs_no_proxy(url: str, no_proxy: str, direct: bool) -> None:
    """`no_proxy` names a domain with its subdomains, an address, a network, a port, or all."""
    for name in ("no_proxy", "NO_PROXY"):
        found = proxy_of({"HTTPS_PROXY": PROXY, name: no_proxy}, url)
        assert (found is None) is direct


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "127.9.9.9", "localhost:1", "stripe.localhost", "[::1]:8000"]
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_loopback_is_never_proxied(scheme: str, host: str) -> None:
    """`make up` reaches its sandbox with any environment."""
    environ = {"HTTPS_PROXY": PROXY, "HTTP_PROXY": PROXY, "ALL_PROXY": PROXY}
    assert proxy_of(environ, f"{scheme}://{host}") is None


def test_user_and_password_are_taken_out_of_the_url() -> None:
    """User and password are percent-decoded, and in no repr."""
    value = "https://me%40corp:s3cret%3A%2F@Proxy.Test/"
    found = proxy_of({"HTTPS_PROXY": value}, STRIPE)
    assert found == Proxy("https://proxy.test:443", "HTTPS_PROXY", "me@corp", "s3cret:/")
    base = {"REDIS_URL": "redis://127.0.0.1:6379/0", "STRIPE_API_KEY": "sk_test_x"}
    settings = WorkerSettings.from_environ({**base, "HTTPS_PROXY": value})
    for shown in (repr(found), repr(settings), settings.stripe_route):
        assert "s3cret" not in shown
        assert "me@corp" not in shown
    assert settings.stripe_route == (
        "https://api.stripe.com, through the proxy https://proxy.test:443 (HTTPS_PROXY), "
        "verified by the CAs of Stripe's SDK"
    )


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("proxy.test", "http://proxy.test:80"),
        ("proxy.test:3128", "http://proxy.test:3128"),
        ("HTTP://10.0.0.1:3128/", "http://10.0.0.1:3128"),
        ("http://[fd00::1]:3128", "http://[fd00::1]:3128"),
    ],
)
def test_scheme_and_port_have_defaults(value: str, url: str) -> None:
    """The default scheme is http, the default port the scheme's."""
    found = proxy_of({"HTTPS_PROXY": value}, STRIPE)
    assert found is not None
    assert found.url == url


@pytest.mark.parametrize(
    "value",
    [
        "socks5://user:s3cret@proxy.test:1080",
        "ftp://user:s3cret@proxy.test",
        "http://user:s3cret@",
        "http://user:s3cret@proxy.test:99999",
        "http://user:s3cret@proxy.test:port",
        "http://user:s3cret@proxy.test/path",
        "http://user:s3cret@proxy.test?query",
        "http://user:s3cret@pro xy.test",
        "http://us%3Aer:s3cret@proxy.test",
        "http://user:s3cret@[proxy",
        "://",
    ],
)
def test_a_wrong_proxy_is_named_and_not_quoted(value: str) -> None:
    """The error is one line that names the variable, without its value."""
    base = {"REDIS_URL": "redis://127.0.0.1:6379/0", "STRIPE_API_KEY": "sk_test_x"}
    with pytest.raises(SettingsError, match=r"^https_proxy [^\n]+$") as caught:
        WorkerSettings.from_environ({**base, "https_proxy": value})
    assert "s3cret" not in str(caught.value)

"""Settings of the worker, read from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

from producer.contract.stripe_context import NAME as CONTEXT
from producer.journal import UNLIMITED, Limits
from producer.security.standard_webhooks import (
    NO_CALLBACK_SECRETS,
    CallbackSecrets,
    CallbackSecretsError,
)
from producer.settings import Settings, SettingsError, context_of, number, whole_number, yes_or_no
from worker.stripe.certificate_authorities import Authorities
from worker.stripe.proxies import Proxy, proxy_of

STRIPE = "https://api.stripe.com"
# Stripe answers in well under a second; 20 s leaves room for its stalls, and still lets a worker
# finish its requests on SIGTERM.
DEFAULT_STRIPE_TIMEOUT_S = 20
# 50 slots reach 133 commands a second at 300 ms a request, measured.
DEFAULT_CONCURRENCY = 50
# Renewed each third of it. A killed worker's customers are free again after this long.
DEFAULT_LEASE_S = 15
# Requests a second that Stripe allows an account, and each endpoint (Stripe docs: rate-limits).
_LIVE_RPS, _TEST_RPS, _ENDPOINT_RPS = 100.0, 25.0, 25.0
_KEY = re.compile(r"(sk|rk)_\w+")
# Restricted or not; there is no rk_org_ (Stripe docs: keys/organization-api-keys).
_ORGANISATION = "sk_org_"


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What a worker needs. Times are in seconds."""

    shared: Settings
    stripe_api_key: str = field(repr=False)
    stripe_api_base: str | None = None
    stripe_context: str = ""  # the account to act on, if the key does not determine it
    stripe_proxy: Proxy | None = None
    stripe_authorities: Authorities = field(default_factory=Authorities)
    stripe_timeout_s: int = DEFAULT_STRIPE_TIMEOUT_S
    concurrency: int = DEFAULT_CONCURRENCY
    lease_s: int = DEFAULT_LEASE_S
    limits: Limits = UNLIMITED
    callback_secrets: CallbackSecrets = NO_CALLBACK_SECRETS
    callbacks_private: bool = False

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read the shared settings and the worker's own.

        Raises:
            SettingsError: one of them is wrong, or STRIPE_API_KEY is missing.
        """
        if environ.get("STRIPE_LOG"):
            raise SettingsError("STRIPE_LOG", "must not be set: the SDK would print tokens")
        return cls(
            shared=Settings.from_environ(environ),
            stripe_api_key=_api_key(environ),
            stripe_api_base=_api_base(environ),
            stripe_context=_context(environ),
            stripe_proxy=proxy_of(environ, _api_base(environ) or STRIPE),
            stripe_authorities=_authorities(environ),
            stripe_timeout_s=whole_number(
                environ,
                "CARDS_STRIPE_TIMEOUT",
                DEFAULT_STRIPE_TIMEOUT_S,
                low=1,
                high=80,
                unit="seconds",
            ),
            concurrency=whole_number(
                environ, "CARDS_WORKER_CONCURRENCY", DEFAULT_CONCURRENCY, low=1, high=1000
            ),
            lease_s=whole_number(
                environ, "CARDS_LEASE", DEFAULT_LEASE_S, low=2, high=120, unit="seconds"
            ),
            limits=_limits(environ),
            callback_secrets=_callback_secrets(environ),
            callbacks_private=yes_or_no(environ, "CARDS_CALLBACK_ALLOW_PRIVATE"),
        )

    @property
    def stripe_route(self) -> str:
        """Where Stripe is and how it is reached, for the log, without secrets."""
        base = self.stripe_api_base or STRIPE
        proxy = self.stripe_proxy
        way = f"through the proxy {proxy.url} ({proxy.setting})" if proxy else "without a proxy"
        if urlsplit(base).scheme == "https":
            way += f", verified by {self.stripe_authorities.shown}"
        if self.stripe_context:
            way += f", for the account {self.stripe_context}"
        return f"{base}, {way}"


def _api_key(environ: Mapping[str, str]) -> str:
    key = environ.get("STRIPE_API_KEY", "").strip()
    if not key:
        raise SettingsError(
            "STRIPE_API_KEY", "is not set; without an account, `make up` starts a sandbox"
        )
    if not _KEY.fullmatch(key):
        raise SettingsError("STRIPE_API_KEY", "must be a secret or restricted key (sk_..., rk_...)")
    return key


def _context(environ: Mapping[str, str]) -> str:
    context = context_of(environ)
    if not context and _api_key(environ).startswith(_ORGANISATION):
        raise SettingsError(
            CONTEXT,
            f"is not set: the key is an organisation's ({_ORGANISATION}...), which must name the "
            "account that it acts on (acct_...)",
        )
    return context


def _limits(environ: Mapping[str, str]) -> Limits:
    """By default as the key allows; at an address other than Stripe's nothing is limited."""
    base = _api_base(environ)
    at_stripe = base is None or (urlsplit(base).hostname or "").endswith("stripe.com")
    account, endpoint = (_TEST_RPS, _ENDPOINT_RPS) if at_stripe else (0.0, 0.0)
    if at_stripe and "_live_" in _api_key(environ):
        account = _LIVE_RPS
    interactive, bulk = (
        whole_number(environ, name, default, low=1, high=90, unit="per cent")
        for name, default in (("CARDS_INTERACTIVE_SHARE", 20), ("CARDS_BULK_SHARE", 10))
    )
    if interactive + bulk > 100:
        raise SettingsError("CARDS_BULK_SHARE", "and CARDS_INTERACTIVE_SHARE exceed 100 per cent")
    return Limits(
        account=number(environ, "CARDS_STRIPE_RPS", account, unit="requests a second"),
        endpoint=number(environ, "CARDS_STRIPE_ENDPOINT_RPS", endpoint, unit="requests a second"),
        interactive=interactive / 100,
        bulk=bulk / 100,
    )


def _callback_secrets(environ: Mapping[str, str]) -> CallbackSecrets:
    try:
        return CallbackSecrets.from_environ(environ)
    except CallbackSecretsError as error:
        raise SettingsError(error.name, error.reason) from None


def _authorities(environ: Mapping[str, str]) -> Authorities:
    base = _api_base(environ) or STRIPE
    # Unused settings are not checked: `make up` starts with any SSL_CERT_FILE.
    return Authorities.from_environ(environ if urlsplit(base).scheme == "https" else {})


def _api_base(environ: Mapping[str, str]) -> str | None:
    base = environ.get("STRIPE_API_BASE", "").strip()
    if not base:
        return None
    rule = f"must be a URL such as {STRIPE}"
    try:
        parts = urlsplit(base)
        named = parts.hostname and parts.port != 0
    except ValueError:
        raise SettingsError("STRIPE_API_BASE", rule) from None
    if parts.scheme not in ("http", "https") or not named or parts.username is not None:
        raise SettingsError("STRIPE_API_BASE", rule)
    return base.rstrip("/")

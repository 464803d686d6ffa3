"""API keys: every test key is valid unless it is revoked."""

from __future__ import annotations

import base64
import binascii

from sandbox.control.config import Config
from sandbox.protocol.calls import Call
from sandbox.protocol.errors import StripeError

_GOOD = ("sk_test_", "rk_test_", "sk_org_")


def check(call: Call, config: Config) -> None:
    """Raises StripeError 400, 401 or 403. The key comes as Bearer or as the Basic user name."""
    key = _key(call.authorization)
    if not key:
        raise StripeError(
            401,
            "You did not provide an API key. You need to provide your API key in the "
            "Authorization header, using Bearer auth (e.g. 'Authorization: Bearer "
            "YOUR_SECRET_KEY').",
        )
    if key in config.forbidden_keys:
        raise StripeError(
            403, "The provided key does not have the required permissions for this endpoint."
        )
    if not key.startswith(_GOOD) or key in config.revoked_keys:
        raise StripeError(401, "Invalid API Key provided: sk_test_***")
    if key.startswith("sk_org_"):
        _check_organisation(call)


def _check_organisation(call: Call) -> None:
    """Organization keys require context and version (Stripe docs: keys/organization-api-keys)."""
    if not call.context.startswith("acct_"):
        raise StripeError(
            400,
            "Please include the Stripe-Context header with your target account when using an "
            "Organization API key.",
        )
    if not call.version:
        raise StripeError(
            400, "Please include the Stripe-Version header when using an Organization API key."
        )


def _key(authorization: str) -> str:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""

"""The version of Stripe's API that requests ask for."""

from __future__ import annotations

STRIPE_VERSION = "2026-05-27.dahlia"
"""The version of the OpenAPI description in our tests, independent of the SDK's own version."""

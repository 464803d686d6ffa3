"""The version of Stripe's API that requests ask for."""

from __future__ import annotations

STRIPE_VERSION = "2026-05-27.dahlia"
"""That of the description that requests and answers are held against, whatever the SDK's own is."""

"""The version of Stripe's API that the sandbox follows."""

from __future__ import annotations

API_VERSION = "2026-05-27.dahlia"
"""The version of Stripe's OpenAPI description that tests check every exchange against."""

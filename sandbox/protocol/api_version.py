"""The version of Stripe's API that is played here."""

from __future__ import annotations

API_VERSION = "2026-05-27.dahlia"
"""That of Stripe's OpenAPI description, which every exchange is held against."""

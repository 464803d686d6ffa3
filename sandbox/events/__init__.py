"""Stripe's events, and their delivery."""

"""Sends rows, records their outcomes, and goes on after a stop."""

"""Sends rows, records their outcomes, and continues after a stop."""

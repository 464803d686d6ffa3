"""Checks a history against the guarantees."""

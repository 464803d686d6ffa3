"""Callers, and the commands that they send."""

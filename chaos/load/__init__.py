"""Callers, and the orders that they send."""

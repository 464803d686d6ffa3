"""Checks the history against the promises."""

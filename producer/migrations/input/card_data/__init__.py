"""Refuses files that hold card numbers or CVCs."""

"""Rejects files that hold card numbers or CVCs."""

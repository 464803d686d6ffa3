"""Reads parts of a request: body, headers, and their check for card numbers."""

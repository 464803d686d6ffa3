"""The way of a request: keys, limits, idempotency, locks, the log."""

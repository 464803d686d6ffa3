"""The handling of a request: keys, limits, idempotency, locks, the log."""

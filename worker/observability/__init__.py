"""A worker's logs, metrics, traces and task events."""

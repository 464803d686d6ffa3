"""The metrics of `GET /metrics`."""

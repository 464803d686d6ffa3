"""Executes commands: one customer at a time, under a lease, attempt by attempt."""

"""Executes commands: a customer's one after another, under a lease, attempt by attempt."""

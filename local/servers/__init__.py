"""Servers on one machine: Valkey, replicas, sentinels, relays, TLS."""

"""Validates messages from queues; what cannot be executed is dead-lettered."""

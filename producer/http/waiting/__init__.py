"""Waiting for the end of commands."""

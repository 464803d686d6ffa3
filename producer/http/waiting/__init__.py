"""Lets callers wait for the end of commands."""

"""Reads a file's bytes into checked rows."""

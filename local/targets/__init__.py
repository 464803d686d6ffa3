"""Makefile targets that write or check files."""

"""Targets of the Makefile that write or check files."""

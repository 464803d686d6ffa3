"""Batch card migrations: every row of a file becomes a command, and the report adds up.

docs/migrations.md describes their use and how they work.
"""

"""Batch card migrations: a file of rows, each a command, run so that the sums add up.

docs/migrations.md says how they are used and how they work.
"""

"""Migrations in the journal."""

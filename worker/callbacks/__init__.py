"""Delivers completion callbacks."""

"""Shared by all pages: layout, assets, sign-in, error pages."""

"""Descriptions of routes, and their common parts, for the OpenAPI document."""

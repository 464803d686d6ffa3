"""Descriptions of routes for the OpenAPI document."""

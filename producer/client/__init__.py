"""The Python client that other services import."""

"""The API of failed commands: list them, and replay those that match a filter."""

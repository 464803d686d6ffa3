"""The recorded outcome of every row."""

"""Makes checked rows of records."""

"""From records to checked rows."""

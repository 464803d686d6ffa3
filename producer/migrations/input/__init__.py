"""From a file's bytes to checked rows."""

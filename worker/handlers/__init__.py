"""One handler for each command, and the reads."""

"""Which messages of a queue are processed, and what happens to the others."""
